#include "cli/table.h"

#include <algorithm>
#include <string_view>

namespace hearth::cli {
namespace {

// Characters shown: UTF-8's following bytes and colours take no room.
std::size_t width(std::string_view text) {
  std::size_t shown = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size());
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++shown;
    }
  }
  return shown;
}

}  // namespace

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] + 2 - width(row[i]), ' ');
    }
    text += '\n';
  }
  return text;
}

}  // namespace hearth::cli
