// What may follow the words so far; what the shells are told.
#include "cli/completion.h"
#include "cli/arguments.h"
#include "cli/program.h"
#include "cli/verbs.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace hearth::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;

Typed typed(std::vector<std::string> words) { return read_typed(all_verbs(), common_options(), std::move(words)); }

std::vector<std::string> offered(std::vector<std::string> words) {
  std::vector<std::string> all;
  for (const auto& candidate : typed(std::move(words)).candidates) all.push_back(candidate.word);
  return all;
}

TEST(Completion, OffersEveryVerbThatIsNotHidden) {
  const auto all = offered({""});
  for (const auto& verb : all_verbs()) EXPECT_EQ(std::ranges::count(all, verb.name), verb.hidden ? 0 : 1) << verb.name;
  EXPECT_THAT(offered({"lo"}), ElementsAre("logs"));
  EXPECT_THAT(offered({"--namespace", "a", "lo"}), ElementsAre("logs"));
  EXPECT_THAT(offered({"config", "r"}), ElementsAre("remove"));
}

TEST(Completion, OffersEveryOptionOfAVerb) {
  for (const auto& verb : all_verbs()) {
    const auto all = offered({verb.name, "--"});
    for (const auto& option : verb.options) {
      if (!option.names.starts_with("-")) continue;
      EXPECT_THAT(all, Contains(option.names.substr(option.names.find("--")))) << verb.name;
    }
    EXPECT_THAT(all, Contains("--output")) << verb.name;
    EXPECT_THAT(all, Contains("--help")) << verb.name;
  }
  const auto all = offered({"config", "add", "--api"});
  EXPECT_EQ(std::ranges::count(all, "--api"), 1) << "its own goes before that of every verb";
}

TEST(Completion, OffersValues) {
  EXPECT_THAT(offered({"list", "--output", ""}), ElementsAre("text", "json", "yaml"));
  EXPECT_THAT(offered({"list", "-o", "j"}), ElementsAre("json"));
  EXPECT_THAT(offered({"list", "--output=j"}), ElementsAre("--output=json"));
  EXPECT_THAT(offered({"list", "--output", "=", "j"}), ElementsAre("json")) << "as bash cuts it";
  EXPECT_THAT(offered({"list", "--output", "="}), ElementsAre("text", "json", "yaml"));
  EXPECT_THAT(offered({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(offered({"completion", "bash", ""}), ElementsAre()) << "no second word is taken";
}

TEST(Completion, KnowsWhatElseMayStandThere) {
  const std::pair<std::vector<std::string>, Completes> rows[] = {
      {{"logs", ""}, Completes::functions},
      {{"logs", "-f", "he"}, Completes::functions},
      {{"logs", "--tail", "3", ""}, Completes::functions},
      {{"logs", "--tail", ""}, Completes::nothing},
      {{"logs", "hello", ""}, Completes::nothing},
      {{"deploy", ""}, Completes::folders},
      {{"init", "x", "--runtime", ""}, Completes::runtimes},
      {{"list", "--context=p"}, Completes::contexts},
      {{"config", "use", ""}, Completes::contexts},
      {{"list", "--token-file", "/t"}, Completes::files},
      {{"help", ""}, Completes::topics},
      {{"logs", "--", "-"}, Completes::functions},
  };
  for (const auto& [words, kind] : rows) EXPECT_EQ(typed(words).more, kind) << testing::PrintToString(words);
}

TEST(Completion, NotesWhichControllerIsMeant) {
  const auto read = typed({"logs", "--context", "prod", "-n", "team", "--api=h:1", ""});
  EXPECT_EQ(read.values.at("--context"), "prod");
  EXPECT_EQ(read.values.at("--namespace"), "team");
  EXPECT_EQ(read.values.at("--api"), "h:1");
}

TEST(Completion, IsSilentWhereNobodyAnswers) {
  const auto outcome = run({"__complete", "logs", ""}, {{"HEARTH_API", "127.0.0.1:1"}});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "words\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(Completion, TellsRuntimesAndContexts) {
  const tests::TemporaryFolder home;
  const Program::Variables variables{{"HOME", home.path().string()}, {"HEARTH_TEMPLATES", STARTERS}};
  EXPECT_THAT(run({"__complete", "init", "x", "-r", "py"}, variables).out, testing::Eq("words\npython\t\n"));
  ASSERT_EQ(run({"config", "add", "prod", "--api", "h:1"}, variables).code, 0);
  EXPECT_THAT(run({"__complete", "list", "--context="}, variables).out,
              testing::Eq("words\n--context=local\tthis machine's own\n--context=prod\thttp://h:1\n"));
}

TEST(Completion, HasAScriptForEachShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(run({"completion", shell}).out, testing::HasSubstr("__complete")) << shell;
  }
  EXPECT_EQ(run({"completion", "csh"}).code, 2);
}

}  // namespace
}  // namespace hearth::cli
