#include "cli/build_output.h"

#include <algorithm>

namespace hearth::cli {

void BuildOutput::write(std::string_view text, const OnLine& on_line) {
  for (auto end = text.find_first_of("\r\n"); end != std::string_view::npos; end = text.find_first_of("\r\n")) {
    rest_ += text.substr(0, end);
    text.remove_prefix(end + 1);
    if (!rest_.empty()) {
      on_line(rest_);
      keep(std::move(rest_));
    }
    rest_.clear();
  }
  rest_ += text.substr(0, kLongest - std::min(rest_.size(), kLongest));
}

std::string BuildOutput::last_lines() const {
  std::string text;
  for (const auto& line : lines_) text += line + "\n";
  if (!rest_.empty()) text += rest_ + "\n";
  return text;
}

void BuildOutput::keep(std::string line) {
  line.resize(std::min(line.size(), kLongest));
  lines_.push_back(std::move(line));
  if (lines_.size() > kKept) lines_.pop_front();
}

}  // namespace hearth::cli
