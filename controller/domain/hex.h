// Bytes as text: digests, marks and secrets in names and files.
#pragma once

#include <span>
#include <string>

namespace hearth::domain {

// Two lower-case digits a byte.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace hearth::domain
