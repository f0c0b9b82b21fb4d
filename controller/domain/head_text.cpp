#include "domain/head_text.h"

#include <algorithm>

namespace hearth::domain {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

std::optional<std::string_view> HeadText::find(std::string_view name) const {
  for (const auto& [known, value] : fields) {
    if (std::ranges::equal(known, name, {}, lower, lower)) return value;
  }
  return std::nullopt;
}

HeadText read_head_text(std::string_view text) {
  HeadText head{.first = take_line(text), .fields = {}};
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto colon = line.find(": ");
    if (colon != line.npos) head.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return head;
}

void append_head_field(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(value) += '\n';
}

}  // namespace hearth::domain
