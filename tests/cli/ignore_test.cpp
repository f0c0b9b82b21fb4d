#include "cli/ignore.h"

#include <gtest/gtest.h>

namespace hearth::cli {
namespace {

TEST(Ignore, MatchesGlobs) {
  const std::tuple<const char*, const char*, bool> rows[] = {
      {"a", "a", true},        {"a", "b", false},           {"a", "ab", false},      {"*.pyc", "x.pyc", true},
      {"*.pyc", ".pyc", true}, {"*.pyc", "a/x.pyc", false}, {"*", "a/b", false},     {"a?c", "abc", true},
      {"a?c", "a/c", false},   {"**/x", "x", true},         {"**/x", "a/b/x", true}, {"**/x", "a/bx", false},
      {"a/**", "a/b/c", true}, {"a/**", "b/c", false},      {"a/**/b", "a/b", true}, {"a/**/b", "a/x/y/b", true},
      {"[a-c]x", "bx", true},  {"[a-c]x", "dx", false},     {"[!a-c]x", "dx", true}, {"[]]x", "]x", true},
      {"[a", "[a", true},      {"\\*", "*", true},          {"\\*", "a", false},     {"", "", true},
      {"*", "", true},
  };
  for (const auto& [pattern, text, matches] : rows) {
    EXPECT_EQ(matches_glob(pattern, text), matches) << pattern << " on " << text;
  }
}

TEST(Ignore, GivesUpOnAPatternThatWouldTakeForEver) {
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(200, 'a')));
}

TEST(Ignore, FollowsGitsRules) {
  IgnoreRules rules;
  rules.add("# a comment\n\n*.log\n!keep.log\nbuild/\n/top\ndocs/*.txt\ntrailing  \r\n\\#odd\n");
  const std::tuple<const char*, bool, bool> rows[] = {
      {"a.log", false, true},          {"deep/in/a.log", false, true},
      {"keep.log", false, false},      {"deep/keep.log", false, false},
      {"build", true, true},           {"src/build", true, true},
      {"build", false, false},         {"top", false, true},
      {"src/top", false, false},       {"docs/a.txt", false, true},
      {"docs/in/a.txt", false, false}, {"x/docs/a.txt", false, false},
      {"trailing", false, true},       {"#odd", false, true},
      {"other", false, false},         {"# a comment", false, false},
  };
  for (const auto& [path, is_folder, ignored] : rows) EXPECT_EQ(rules.ignores(path, is_folder), ignored) << path;
}

TEST(Ignore, MeansDockersPatternsFromTheFolderItself) {
  IgnoreRules rules;
  rules.add_docker("node_modules\n./secret\n**/*.log\n!keep.log\n");
  EXPECT_TRUE(rules.ignores("node_modules", true));
  EXPECT_FALSE(rules.ignores("web/node_modules", true));
  EXPECT_TRUE(rules.ignores("secret", false));
  EXPECT_TRUE(rules.ignores("a/b.log", false));
  EXPECT_FALSE(rules.ignores("keep.log", false));
}

}  // namespace
}  // namespace hearth::cli
