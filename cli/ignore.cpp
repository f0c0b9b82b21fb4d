#include "cli/ignore.h"

#include <algorithm>

namespace hearth::cli {
namespace {

// How many characters of `pattern` the set at its front takes, and whether `c` is in it; 0 where it is no whole set.
struct SetMatch {
  std::size_t length = 0;
  bool matches = false;
};

SetMatch match_set(std::string_view pattern, char c) {
  std::size_t i = 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool inside = false;
  for (const std::size_t first = i; i < pattern.size() && (pattern[i] != ']' || i == first); ++i) {
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      inside = inside || (pattern[i] <= c && c <= pattern[i + 2]);
      i += 2;
    } else {
      inside = inside || pattern[i] == c;
    }
  }
  if (i >= pattern.size()) return {};
  return {i + 1, c != '/' && inside != negated};
}

// Patterns are a user's own and short; still, no pattern may take more than this many steps over one path.
constexpr int kMostSteps = 100'000;

bool match(std::string_view pattern, std::string_view text, int& steps) {
  while (!pattern.empty()) {
    if (++steps > kMostSteps) return false;
    if (pattern.starts_with("**/")) {
      // Any number of whole parts, none too.
      if (match(pattern.substr(3), text, steps)) return true;
      const auto slash = text.find('/');
      if (slash == std::string_view::npos) return false;
      text.remove_prefix(slash + 1);
      continue;
    }
    if (pattern == "**") return true;
    if (pattern.front() == '*') {
      const auto rest = pattern.substr(
          pattern.find_first_not_of('*') == std::string_view::npos ? pattern.size() : pattern.find_first_not_of('*'));
      for (std::size_t i = 0;; ++i) {
        if (match(rest, text.substr(i), steps)) return true;
        if (i == text.size() || text[i] == '/') return false;
      }
    }
    if (text.empty()) return false;
    std::size_t length = 1;
    if (pattern.front() == '?') {
      if (text.front() == '/') return false;
    } else if (const auto set = pattern.front() == '[' ? match_set(pattern, text.front()) : SetMatch{};
               set.length > 0) {
      if (!set.matches) return false;
      length = set.length;
    } else {
      if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
      if (pattern.front() != text.front()) return false;
    }
    pattern.remove_prefix(length);
    text.remove_prefix(1);
  }
  return text.empty();
}

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  return line;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  int steps = 0;
  return match(pattern, text, steps);
}

void IgnoreRules::add(std::string_view text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    add_line(text.substr(begin, end - begin), false);
    begin = end + 1;
  }
}

void IgnoreRules::add_docker(std::string_view text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    add_line(text.substr(begin, end - begin), true);
    begin = end + 1;
  }
}

void IgnoreRules::add_line(std::string_view line, bool docker) {
  line = without_end(line);
  if (line.empty() || line.front() == '#') return;
  Rule rule;
  if (line.front() == '!') {
    rule.keep = true;
    line.remove_prefix(1);
  }
  if (docker && line.starts_with("./")) line.remove_prefix(2);
  if (line.ends_with('/')) {
    rule.only_folders = !docker;
    line.remove_suffix(1);
  }
  rule.anchored = docker || line.find('/') != std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  if (line.empty()) return;
  rule.pattern = line;
  rules_.push_back(std::move(rule));
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  const auto slash = path.rfind('/');
  const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->only_folders && !is_folder) continue;
    if (matches_glob(rule->pattern, rule->anchored ? path : name)) return !rule->keep;
  }
  return false;
}

}  // namespace hearth::cli
