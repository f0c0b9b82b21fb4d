#include "cli/chart.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hearth::cli {

std::string bar(double share, std::size_t width, bool blocks) {
  if (!(share > 0) || width == 0) return {};
  const std::size_t parts = blocks ? 8 : 1;  // of a character
  const auto wanted = std::llround(std::min(share, 1.0) * static_cast<double>(width * parts));
  const auto filled = std::max<std::size_t>(1, static_cast<std::size_t>(wanted));
  if (!blocks) return std::string(filled, '#');
  constexpr std::array<const char*, 8> kParts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string text;
  for (std::size_t i = 0; i < filled / 8; ++i) text += "█";
  return text + kParts[filled % 8];
}

}  // namespace hearth::cli
