// Which paths of a folder stay out of its package: gitignore's rules (gitignore(5)), the last match decides.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::cli {

class IgnoreRules {
 public:
  // Lines of a .fnignore.
  void add(std::string_view text);
  // Lines of a .dockerignore: every pattern is meant from the folder itself.
  void add_docker(std::string_view text);

  // `path` is relative to the folder, with '/' between its parts. What stands in an ignored folder is never asked for.
  bool ignores(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string pattern;
    bool keep = false;          // began with '!'
    bool only_folders = false;  // ended with '/'
    bool anchored = false;      // had a '/' at its front or inside
  };

  void add_line(std::string_view line, bool docker);

  std::vector<Rule> rules_;
};

// Whether `text` matches `pattern`: * and ? stay within a path's part, ** does not, [a-z] and [!a-z] are sets.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace hearth::cli
