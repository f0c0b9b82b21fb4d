// A request's target taken apart (RFC 3986). Pure.
#pragma once

#include "api/message.h"

#include <optional>
#include <string>
#include <string_view>

namespace hearth::api {

// "%41b" → "Ab"; nothing where a % is not followed by two hex digits.
std::optional<std::string> percent_decoded(std::string_view text);

// Fills `path` and `query` of a request; throws `invalid` for what no URI may hold, and for a parameter given twice.
void read_target(std::string_view target, Request& into);

}  // namespace hearth::api
