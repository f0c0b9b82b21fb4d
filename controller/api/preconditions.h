// ETags and what requests say about them (RFC 9110 §13). Pure.
#pragma once

#include "api/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::api {

// "7-0123456789abcdef", with its quotes: a stored document's version, and which of its looks `text` is, since a state
// may change where nothing was stored.
std::string etag(std::uint64_t version, std::string_view text);

// What a change is made conditional on.
struct Precondition {
  bool must_be_new = false;             // If-None-Match: *
  bool must_exist = false;              // If-Match, of whatever kind
  std::vector<std::uint64_t> versions;  // If-Match: "7", "8-0123456789abcdef"; empty for *

  // The version that a change is to expect, where the document is at `current` (0: there is none): nothing where any
  // will do. Throws `stale` where it cannot hold.
  std::optional<std::uint64_t> expected(std::uint64_t current, std::string_view what) const;
  bool needs_current() const { return must_exist; }
};

// Throws `invalid` for headers that are none, `unprocessable` for those that contradict each other.
Precondition read_precondition(const Request& request);

// The answer to a GET, by If-None-Match: a document bears an ETag, of its text where it has no version, and what the
// client has already is not sent again.
Response unless_known(const Request& request, Response response);

}  // namespace hearth::api
