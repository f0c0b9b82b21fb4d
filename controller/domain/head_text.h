// The head of a stored message, as text: "POST /path?query" or "200" on the first line, then a line a field,
// "name: value". What frames a body is not in it: that is stored beside. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::domain {

struct HeadText {
  std::string_view first;                                             // its line; views point into the text
  std::vector<std::pair<std::string_view, std::string_view>> fields;  // names as they were written

  // The first of that name, in whatever case.
  std::optional<std::string_view> find(std::string_view name) const;
};

HeadText read_head_text(std::string_view text);

void append_head_field(std::string& text, std::string_view name, std::string_view value);

}  // namespace hearth::domain
