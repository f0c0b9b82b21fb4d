// Bars for a terminal. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>

namespace hearth::cli {

// `share` (0 to 1) of `width` characters: in eighths of a block where `blocks` are known, else in whole #. What is more
// than nothing is seen.
std::string bar(double share, std::size_t width, bool blocks);

}  // namespace hearth::cli
