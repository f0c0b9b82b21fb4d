// Rows of cells as aligned columns. Pure; any thread.
#pragma once

#include <string>
#include <vector>

namespace hearth::cli {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two blanks apart; a cell's colours (ESC [ … m) take no room.
std::string table(const std::vector<Row>& rows);

}  // namespace hearth::cli
