// Several controllers: which one a command goes to, and with whose token.
#include "cli/contexts.h"
#include "cli/program.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Config : public testing::Test {
 protected:
  Config() {
    std::ofstream(home_ / "prod.token") << "s3cret\n";
    EXPECT_EQ(fn({"config", "add", "prod", "--api", "https://prod.test:1/", "--token-file", "prod.token"}).code, 0);
    EXPECT_EQ(fn({"config", "add", "lab", "--api", "lab.test:2", "--namespace", "team"}).code, 0);
  }

  Outcome fn(std::vector<std::string> words, Program::Variables variables = {}) {
    variables["HOME"] = home_.path().string();
    return run(std::move(words), variables, home_.path());
  }
  // What `fn config show` says, and `more` words to it.
  nlohmann::json shown(std::vector<std::string> more = {}, const Program::Variables& variables = {}) {
    more.insert(more.begin(), {"config", "show", "-o", "json"});
    return nlohmann::json::parse(fn(std::move(more), variables).out);
  }
  fs::path file() const { return home_ / ".config/hearth/contexts.json"; }

  tests::TemporaryFolder home_;
};

TEST_F(Config, IsLocalUntilAnotherIsUsed) {
  EXPECT_EQ(shown()["api"], "http://127.0.0.1:8081");
  EXPECT_EQ(shown()["context"], "local");
  EXPECT_EQ(fn({"config", "use", "prod"}).out, "now working with prod\n");
  EXPECT_EQ(shown()["api"], "https://prod.test:1");
  EXPECT_EQ(shown()["token"], (home_ / "prod.token").string());
  EXPECT_EQ(fn({"config", "use", "local"}).code, 0);
  EXPECT_EQ(shown()["context"], "local");
}

TEST_F(Config, WhatIsSaidFirstCounts) {
  fn({"config", "use", "prod"});
  const Program::Variables lab{{"HEARTH_CONTEXT", "lab"}};
  EXPECT_EQ(shown({}, lab)["api"], "http://lab.test:2");
  EXPECT_EQ(shown({}, lab)["namespace"], "team");
  EXPECT_EQ(shown({"-n", "mine"}, lab)["namespace"], "mine");
  EXPECT_EQ(shown({"--context", "prod"}, lab)["context"], "prod");
  EXPECT_EQ(shown({}, {{"HEARTH_CONTEXT", "lab"}, {"HEARTH_API", "other:3"}})["api"], "http://other:3");
  EXPECT_EQ(shown({"--context", "lab"}, {{"HEARTH_API", "other:3"}})["api"], "http://lab.test:2");
  EXPECT_EQ(shown({"--api", "mine:4"}, lab)["api"], "http://mine:4");
  EXPECT_EQ(fn({"list", "--api", "a:1", "--context", "lab"}).code, 2);
}

TEST_F(Config, TakesTheTokenThatIsSaidFirst) {
  const Program::Variables token{{"HEARTH_TOKEN", "t0ken"}};
  EXPECT_EQ(shown({"--context", "prod"}, token)["token"], "HEARTH_TOKEN");
  EXPECT_EQ(shown({"--context", "prod", "--token-file", (home_ / "prod.token").string()}, token)["token"],
            (home_ / "prod.token").string());
}

TEST_F(Config, KeepsTokensToThemselves) {
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  std::ifstream stream(file());
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  for (const char* verb : {"list", "show"}) {
    EXPECT_THAT(fn({"config", verb, "--context", "prod", "-o", "yaml"}).out, Not(HasSubstr("s3cret")));
  }
  // This machine's own token is not for a controller that has no file of its own.
  fs::create_directories(home_ / ".config/hearth");
  std::ofstream(home_ / ".config/hearth/token") << "local-token\n";
  constexpr auto* kNone = "no token in HEARTH_TOKEN, and no --token-file or context names one";
  EXPECT_EQ(shown({"--context", "lab"})["token"], kNone);
  EXPECT_EQ(shown({"--api", "http://192.0.2.1:8081"})["token"], kNone) << "nor for an address of another machine";
  EXPECT_EQ(shown({}, {{"HEARTH_API", "192.0.2.1:8081"}})["token"], kNone);
  EXPECT_EQ(shown({"--api", "http://localhost:1"})["token"], (home_ / ".config/hearth/token").string());
}

TEST_F(Config, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(fn({"list", "--context", "prodd"}).err,
              StartsWith("error: there is no context prodd; did you mean prod?\nhint: there are: local, lab and prod"));
  EXPECT_EQ(fn({"config", "use", "nowhere"}).code, 3);
  EXPECT_EQ(fn({"config", "remove", "nowhere"}).code, 3);
  EXPECT_EQ(fn({"config", "add", "local", "--api", "a:1"}).code, 3);
  EXPECT_EQ(fn({"config", "add", "new"}).code, 2);
  EXPECT_THAT(fn({"config", "add", "new", "--api", "a:1", "--token-file", "absent"}).err, HasSubstr("cannot be read"));
  std::ofstream(file()) << "{";
  EXPECT_THAT(fn({"list"}).err, HasSubstr("contexts.json is no JSON object\nhint: mend it"));
  EXPECT_EQ(fn({"down", "--run-dir", "absent"}).out, "hearthd was not running\n") << "it is of this machine alone";
}

TEST_F(Config, ForgetsTheOneInUse) {
  fn({"config", "use", "lab"});
  EXPECT_EQ(fn({"config", "remove", "lab"}).out, "removed lab; now working with local\n");
  EXPECT_EQ(shown()["context"], "local");
}

}  // namespace
}  // namespace hearth::cli
