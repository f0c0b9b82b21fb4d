// Text inside JSON, written fast: for lines by the thousand, where a tree of values would cost more than the line.
#pragma once

#include <string>
#include <string_view>

namespace hearth::telemetry {

// Appends `text` with its quotes. Bytes that are no UTF-8 become U+FFFD; control characters are escaped.
void append_quoted(std::string& to, std::string_view text);

}  // namespace hearth::telemetry
