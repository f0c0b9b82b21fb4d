// ETags of stored documents and what requests say about them (RFC 9110 §13). Pure.
#pragma once

#include "api/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::api {

std::string etag(std::uint64_t version);  // "7", with its quotes

// What a change is made conditional on.
struct Precondition {
  bool must_be_new = false;             // If-None-Match: *
  bool must_exist = false;              // If-Match, of whatever kind
  std::vector<std::uint64_t> versions;  // If-Match: "7", "8"; empty for *

  // The version that a change is to expect, where the document is at `current` (0: there is none): nothing where any
  // will do. Throws `conflict` where it cannot hold.
  std::optional<std::uint64_t> expected(std::uint64_t current, std::string_view what) const;
  bool needs_current() const { return must_exist; }
};

// Throws `invalid` for headers that contradict each other or are none.
Precondition read_precondition(const Request& request);

// If-None-Match of a GET: the client has this version already.
bool is_known(const Request& request, std::uint64_t version);

}  // namespace hearth::api
