// `fn` as a process, as far as no server is needed.
#include "cli/program.h"
#include "cli/verbs.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

TEST(Usage, RefusesWordsItDoesNotKnow) {
  const std::tuple<std::vector<std::string>, const char*, const char*> rows[] = {
      {{}, "no command is given", "see: fn --help"},
      {{"lst"}, "unknown command lst; did you mean list?", "see: fn --help"},
      {{"bake"}, "unknown command bake", "see: fn --help"},
      {{"list", "--outptu", "json"}, "unknown option --outptu; did you mean --output?", "see: fn list --help"},
      {{"list", "extra"}, "The following argument was not expected: extra", "see: fn list --help"},
      {{"get"}, "NAME is required", "see: fn get --help"},
      {{"list", "-o", "xml"}, "--output: xml not in {text,json,yaml}", "see: fn list --help"},
      {{"invoke", "a", "--timeout", "-1"}, "--timeout:", "see: fn invoke --help"},
  };
  for (const auto& [words, message, hint] : rows) {
    const auto outcome = run(words);
    EXPECT_EQ(outcome.code, 2) << message;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith(std::string("error: ") + message)) << message;
    EXPECT_THAT(outcome.err, HasSubstr(std::string("hint: ") + hint + "\n")) << message;
  }
}

TEST(Usage, HelpsWithExamplesForEveryCommand) {
  for (const auto& verb : all_verbs()) {
    const auto& command = verb.name;
    const auto outcome = run({command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_THAT(outcome.out, HasSubstr("Usage: fn " + command)) << command;
    EXPECT_THAT(outcome.out, HasSubstr(std::string("Examples:\n  "))) << command;
    EXPECT_THAT(outcome.out, HasSubstr("--output")) << command;
    EXPECT_EQ(outcome.err, "") << command;
  }
  EXPECT_THAT(run({"--help"}).out, HasSubstr("A first function:"));
  EXPECT_THAT(run({"--version"}).out, testing::MatchesRegex("fn [0-9.]+\n"));
}

TEST(Usage, TellsErrorsAsADocumentWhereAskedTo) {
  const auto outcome = run({"get", "Hello", "--output", "json"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, StartsWith("{\"code\":\"invalid\""));
}

TEST(Init, MakesAFolderThatSaysWhatItIs) {
  const tests::TemporaryFolder folder;
  const auto outcome = run({"init", "hello", "--runtime", "python"}, {{"HEARTH_TEMPLATES", STARTERS}}, folder.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "made hello; next: cd hello && fn deploy\n");
  EXPECT_THAT(text_of(folder / "hello/fn.yaml"), HasSubstr("name: hello\n"));
  EXPECT_TRUE(fs::exists(folder / "hello/handler.py"));
  EXPECT_TRUE(fs::exists(folder / "hello/.gitignore"));
  EXPECT_FALSE(fs::exists(folder / "hello/gitignore"));
}

TEST(Init, LeavesAFolderAloneThatIsNotEmpty) {
  const tests::TemporaryFolder folder;
  fs::create_directory(folder / "empty");
  fs::create_directory(folder / "full");
  std::ofstream(folder / "full/mine") << "mine";
  const Program::Variables variables{{"HEARTH_TEMPLATES", STARTERS}};
  EXPECT_EQ(run({"init", "hello", "--folder", "empty"}, variables, folder.path()).code, 0);
  const auto outcome = run({"init", "hello", "--folder", "full"}, variables, folder.path());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, StartsWith("error: full is not empty\nhint: "));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 2) << "nothing half made";
}

TEST(Init, RefusesNamesAndRuntimesThatAreNone) {
  const tests::TemporaryFolder folder;
  const Program::Variables variables{{"HEARTH_TEMPLATES", STARTERS}};
  EXPECT_THAT(run({"init", "../up"}, variables, folder.path()).err, HasSubstr("is no name for a"));
  const auto outcome = run({"init", "hello", "-r", "pyton"}, variables, folder.path());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, StartsWith("error: there is no runtime pyton; did you mean python?\nhint: there are: "));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Deploy, TellsEveryFaultOfTheManifest) {
  const tests::TemporaryFolder folder;
  std::ofstream(folder / "fn.yaml") << "name: hello\nimage: nginx:1\nlimits: {memmory: 1Gi}\n";
  const auto one = run({"deploy"}, {}, folder.path());
  EXPECT_EQ(one.code, 3);
  EXPECT_EQ(one.err, "error: fn.yaml:3:10: limits.memmory: unknown key; did you mean memory?\n");

  std::ofstream(folder / "fn.yaml") << "name: hello\nlimits: {memmory: 1Gi}\n";
  EXPECT_EQ(run({"deploy"}, {}, folder.path()).err,
            "error: fn.yaml has 2 faults\n"
            "  fn.yaml:1:1: runtime: missing; exactly one of runtime, image and build says where the code comes from\n"
            "  fn.yaml:2:10: limits.memmory: unknown key; did you mean memory?\n");
}

TEST(Deploy, TellsWhatTheFolderLacks) {
  const tests::TemporaryFolder folder;
  EXPECT_EQ(run({"deploy", "nowhere"}, {}, folder.path()).err,
            "error: nowhere/fn.yaml cannot be read: No such file or directory\n"
            "hint: name the function's folder, or make one with: fn init NAME\n");
  std::ofstream(folder / "fn.yaml") << "name: hello\nruntime: python\nhandler: handler.py:handle\n";
  EXPECT_EQ(run({"deploy"}, {}, folder.path()).err,
            "error: fn.yaml names handler.py, which is not in the folder\n"
            "hint: it is meant from the folder of fn.yaml\n");
  std::ofstream(folder / "handler.py") << "";
  std::ofstream(folder / ".fnignore") << "*.py";
  EXPECT_EQ(run({"deploy"}, {}, folder.path()).err, "error: fn.yaml names handler.py, which .fnignore leaves out\n");
}

}  // namespace
}  // namespace hearth::cli
