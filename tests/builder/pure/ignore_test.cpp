#include "engines/docker/ignore.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth::docker {
namespace {

TEST(IgnoreRules, PatternsMatchAsDockersDo) {
  struct Row {
    const char* pattern;
    const char* path;
    bool matches;
  };
  constexpr Row kTable[] = {
      {"a.txt", "a.txt", true},        {"a.txt", "b/a.txt", false},  {"*.txt", "a.txt", true},
      {"*.txt", "b/a.txt", false},     {"*/*.txt", "b/a.txt", true}, {"**/*.txt", "a.txt", true},
      {"**/*.txt", "b/c/a.txt", true}, {"a?c", "abc", true},         {"a?c", "a/c", false},
      {"[a-c]x", "bx", true},          {"[^a-c]x", "bx", false},     {"[]x]y", "]y", true},
      {"a\\*b", "a*b", true},          {"a\\*b", "axb", false},      {"**", "any/thing", true},
      {"a/**/b", "a/b", true},         {"a/**/b", "a/x/y/b", true},  {"[a", "[a", false},
  };
  for (const auto& row : kTable)
    EXPECT_EQ(matches(row.pattern, row.path), row.matches) << row.pattern << " " << row.path;
}

TEST(IgnoreRules, TheLastRuleThatMatchesDecides) {
  const IgnoreRules rules{"# comment\n\n  node_modules/  \n/dist\n*.md\n!README.md\r\n**/*.pyc\n"};
  EXPECT_TRUE(rules.ignores("node_modules"));
  EXPECT_TRUE(rules.ignores("node_modules/a/b.js"));
  EXPECT_TRUE(rules.ignores("dist/x"));
  EXPECT_FALSE(rules.ignores("src/dist"));
  EXPECT_TRUE(rules.ignores("NOTES.md"));
  EXPECT_FALSE(rules.ignores("README.md"));
  EXPECT_TRUE(rules.ignores("a/b/c.pyc"));
  EXPECT_FALSE(rules.ignores("handler.py"));
}

TEST(IgnoreRules, AnExceptionInAnIgnoredFolderIsKept) {
  const IgnoreRules rules{"data\n!data/keep.csv\n"};
  EXPECT_TRUE(rules.ignores("data/x.csv"));
  EXPECT_FALSE(rules.ignores("data/keep.csv"));
}

// Without its memory this would take longer than anyone waits.
TEST(IgnoreRules, APatternOfManyStarsIsDecidedSoon) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", std::string(200, 'a')));
}

}  // namespace
}  // namespace hearth::docker
