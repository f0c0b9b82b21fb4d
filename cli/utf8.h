// Whether text is UTF-8 (RFC 3629). Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace hearth::cli {

// Where the first byte stands that belongs to no character; nothing where all is well.
std::optional<std::size_t> find_bad_utf8(std::string_view text);

}  // namespace hearth::cli
