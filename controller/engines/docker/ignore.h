// .dockerignore: which files of a folder stay out of a build. The engine leaves that to its clients. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::docker {

class IgnoreRules {
 public:
  explicit IgnoreRules(std::string_view text);

  // `path` relative and clean. The last rule that matches it, or a folder above it, decides.
  bool ignores(std::string_view path) const;

 private:
  struct Rule {
    std::string pattern;
    bool keeps = false;  // "!pattern"
  };
  std::vector<Rule> rules_;
};

// `*` and `?` stay within a folder, `**` does not; [a-z] and \ as in Go's filepath.Match.
bool matches(std::string_view pattern, std::string_view path);

}  // namespace hearth::docker
