// Words that nobody can guess, and their comparison.
#pragma once

#include <string>
#include <string_view>

namespace hearth::api {

std::string make_secret();  // 64 hex digits: 256 bits of the system's randomness

// Takes the same time wherever they differ.
bool same_secret(std::string_view left, std::string_view right);

}  // namespace hearth::api
