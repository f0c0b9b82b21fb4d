#include "engines/docker/ignore.h"

#include "engines/docker/tar.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace hearth::docker {

namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Where the class that begins at `pattern` ends, and whether it holds `c`; nothing where it never ends.
struct Class {
  std::size_t size = 0;
  bool holds = false;
};
std::optional<Class> match_class(std::string_view pattern, char c) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool holds = false;
  for (bool first = true; at < pattern.size(); first = false) {
    if (pattern[at] == ']' && !first) return Class{at + 1, holds != negated};
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    const char low = pattern[at++];
    char high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      high = pattern[at + 1];
      at += 2;
    }
    holds = holds || (low <= c && c <= high);
  }
  return std::nullopt;
}

// Remembers what it has tried: a pattern of many stars costs its length times the path's, not the power of it.
class Matching {
 public:
  Matching(std::string_view pattern, std::string_view path)
      : pattern_(pattern), path_(path), known_((pattern.size() + 1) * (path.size() + 1), Known::no_idea) {}

  // Whether the pattern from `p` on matches the path from `s` on.
  bool from(std::size_t p, std::size_t s) {
    Known& known = known_[p * (path_.size() + 1) + s];
    if (known == Known::no_idea) known = decide(p, s) ? Known::yes : Known::no;
    return known == Known::yes;
  }

 private:
  enum class Known : std::uint8_t { no_idea, yes, no };

  bool decide(std::size_t p, std::size_t s) {
    if (p == pattern_.size()) return s == path_.size();
    if (pattern_[p] == '*') return star(p, s);
    if (s == path_.size()) return false;
    if (pattern_[p] == '?') return path_[s] != '/' && from(p + 1, s + 1);
    if (pattern_[p] == '[') {
      const auto found = match_class(pattern_.substr(p), path_[s]);
      return found && found->holds && path_[s] != '/' && from(p + found->size, s + 1);
    }
    if (pattern_[p] == '\\' && p + 1 < pattern_.size()) ++p;
    return pattern_[p] == path_[s] && from(p + 1, s + 1);
  }

  bool star(std::size_t p, std::size_t s) {
    const bool deep = pattern_.substr(p).starts_with("**");
    const std::size_t rest = p + (deep ? 2 : 1);
    if (deep && rest < pattern_.size() && pattern_[rest] == '/' && from(rest + 1, s)) return true;  // "**/": no folder
    if (from(rest, s)) return true;
    return s < path_.size() && (deep || path_[s] != '/') && from(p, s + 1);
  }

  std::string_view pattern_;
  std::string_view path_;
  std::vector<Known> known_;
};

constexpr std::size_t kPatternLimit = 512;

}  // namespace

bool matches(std::string_view pattern, std::string_view path) { return Matching{pattern, path}.from(0, 0); }

IgnoreRules::IgnoreRules(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    Rule rule;
    if (line.front() == '!') {
      rule.keeps = true;
      line = trim(line.substr(1));
    }
    while (line.starts_with('/')) line.remove_prefix(1);
    const auto clean = clean_path(line);
    if (!clean || clean->empty() || clean->size() > kPatternLimit) continue;
    rule.pattern = *clean;
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(std::string_view path) const {
  bool ignored = false;
  for (const auto& rule : rules_) {
    if (ignored != rule.keeps) continue;  // it would change nothing
    for (auto above = path; !above.empty(); above = above.substr(0, above.rfind('/'))) {
      if (matches(rule.pattern, above)) {
        ignored = !rule.keeps;
        break;
      }
      if (above.find('/') == above.npos) break;
    }
  }
  return ignored;
}

}  // namespace hearth::docker
