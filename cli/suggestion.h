// What a user may have meant. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::cli {

// The candidate with the fewest letters added, dropped, changed or swapped; empty where none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "a, b and c".
std::string enumerate(const std::vector<std::string>& words);

}  // namespace hearth::cli
