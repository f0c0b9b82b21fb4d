// What `fn dev` stands on: a folder that is watched by the system, marks that outlive a kill.
#include "api_stub.h"
#include "cli/deployment.h"
#include "cli/dev_mark.h"
#include "cli/folder_watch.h"
#include "cli/program.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

class Watching : public testing::Test {
 protected:
  Watching() {
    fs::create_directories(folder_ / "lib/deep");
    fs::create_directories(folder_ / "build");
    IgnoreRules rules;
    rules.add("build/\n*.log\n/fn.yaml\n");
    watch_.emplace(folder_.path(), rules);
  }

  void write(const std::string& name) { std::ofstream(folder_ / name) << name; }
  // What changed until nothing more does; a file of the test's own shows that all before it was seen.
  std::set<std::string> changes() {
    write("end");
    std::set<std::string> all;
    while (!all.contains("end")) all.merge(watch_->await_change({}));
    all.erase("end");
    fs::remove(folder_ / "end");
    watch_->await_change({});
    return all;
  }

  tests::TemporaryFolder folder_;
  std::optional<FolderWatch> watch_;
};

TEST_F(Watching, SeesEveryWayOfSaving) {
  write("a.py");
  EXPECT_THAT(changes(), ElementsAre("a.py"));
  write("a.py.new");
  fs::rename(folder_ / "a.py.new", folder_ / "a.py");
  EXPECT_THAT(changes(), Contains("a.py")) << "written beside, then renamed over it";
  write("lib/deep/b.py");
  EXPECT_THAT(changes(), ElementsAre("lib/deep/b.py"));
  fs::permissions(folder_ / "a.py", fs::perms::owner_all);
  EXPECT_THAT(changes(), ElementsAre("a.py")) << "a program's mode goes into the package";
  fs::remove(folder_ / "a.py");
  EXPECT_THAT(changes(), ElementsAre("a.py"));
}

TEST_F(Watching, SeesFoldersThatComeLater) {
  fs::create_directories(folder_ / "new/inner");
  EXPECT_THAT(changes(), Contains("new"));
  write("new/inner/c.py");
  EXPECT_THAT(changes(), ElementsAre("new/inner/c.py"));
  fs::rename(folder_ / "new", folder_ / "moved");
  EXPECT_THAT(changes(), testing::IsSupersetOf({"moved", "new"}));
}

TEST_F(Watching, PassesOverWhatIsIgnored) {
  write("x.log");
  write("lib/y.log");
  write("build/z");
  EXPECT_THAT(changes(), ElementsAre());
  write("fn.yaml");
  write(".fnignore");
  EXPECT_THAT(changes(), ElementsAre(".fnignore", "fn.yaml")) << "settings count, though they are not packed";
}

// Somebody's node_modules alone would use up what the system lets one user watch.
TEST_F(Watching, DoesNotEvenWatchWhatIsIgnored) {
  const auto watches = [] {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator("/proc/self/fdinfo")) {
      std::ifstream stream(entry.path());
      for (std::string line; std::getline(stream, line);) count += line.starts_with("inotify wd:") ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(watches(), 3U) << "the folder, lib and lib/deep";
  watch_->ignore({});
  EXPECT_EQ(watches(), 4U);
  write("build/z");
  EXPECT_THAT(changes(), ElementsAre("build/z")) << "until it is ignored no more";
}

TEST_F(Watching, EndsWhenStopped) {
  std::stop_source stop;
  std::jthread waiting([&] { EXPECT_THAT(watch_->await_change(stop.get_token()), ElementsAre()); });
  stop.request_stop();
}

const domain::FunctionName kHello{.space = "default", .name = "hello-dev"};
const DevProof kProof{.installation = "0123456789abcdef", .revision = 3, .created_at = "2026-01-01T00:00:00.000Z"};

TEST(DevMark, KeepsASecondOneAway) {
  const tests::TemporaryFolder folder;
  {
    DevMark mark(folder.path(), "http://a:1", kHello);
    EXPECT_THROW(DevMark(folder.path(), "http://a:1", kHello), domain::Error);
    const DevMark elsewhere(folder.path(), "http://b:1", kHello);
    EXPECT_TRUE(left_behind(folder.path(), "http://a:1").empty()) << "it lives";
    mark.release();
  }
  EXPECT_TRUE(left_behind(folder.path(), "http://a:1").empty());
}

TEST(DevMark, ClaimsANameAndNotYetWhatBearsIt) {
  const tests::TemporaryFolder folder;
  const auto left = [&] { return left_behind(folder.path(), "http://a:1").size(); };
  { const DevMark mark(folder.path(), "http://a:1", kHello); }
  EXPECT_EQ(left(), 0U);
  { DevMark(folder.path(), "http://a:1", kHello).write(kProof); }
  EXPECT_EQ(left(), 1U);
  {
    DevMark mark(folder.path(), "http://a:1", kHello);
    mark.write(kProof);
    mark.write({});
  }
  EXPECT_EQ(left(), 0U);
}

TEST(DevMark, OutlivesAKill) {
  const tests::TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const auto child = ::fork();
  if (child == 0) {
    DevMark mark(folder.path(), "http://a:1", kHello);
    mark.write(kProof);
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_TRUE(left_behind(folder.path(), "http://a:1").empty());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_TRUE(left_behind(folder.path(), "http://b:1").empty()) << "it is another controller's";
  const auto left = left_behind(folder.path(), "http://a:1");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().function, kHello);
  EXPECT_EQ(left.front().proof.installation, kProof.installation);
  EXPECT_EQ(left.front().proof.revision, kProof.revision);
  EXPECT_EQ(left.front().proof.created_at, kProof.created_at);
  fs::remove(left.front().file);
  EXPECT_TRUE(left_behind(folder.path(), "http://a:1").empty());
}

// `fn dev` itself, against a hearthd that answers as a test says.
class Dev : public testing::Test {
 protected:
  Dev() {
    fs::create_directories(marks());
    save("first");
    std::ofstream(folder_ / "fn.yaml") << "name: hello\nruntime: python\nhandler: handler.py:handle\n";
    stub_.set("GET /v1/info", answer("200 OK", R"({"installation":"0123456789abcdef"})"));
    stub_.set("HEAD /v1/namespaces/default/packages/*", answer("200 OK", ""));
    stub_.set("PUT " + kFunction, answer("202 Accepted", R"({"number":1,"created_at":"T1"})"));
    stub_.set("GET " + kFunction + "/revisions/1/build", stream("{\"type\":\"done\"}\n"));
    stub_.set("GET " + kFunction + "/status",
              answer("200 OK", R"({"seen":1,"replicas":[{"revision":1,"state":"warm"}]})"));
    stub_.set("DELETE " + kFunction, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
  }

  Program dev() {
    return Program(
        {"dev", folder_.path().string()},
        {{"HEARTH_API", stub_.base()}, {"HEARTH_TOKEN", "secret"}, {"XDG_STATE_HOME", home_.path().string()}});
  }
  void save(const std::string& text) { std::ofstream(folder_ / "handler.py") << text; }
  // Somebody has a function of that name.
  void take_name() {
    stub_.set("GET " + kFunction, answer("200 OK", R"({"name":"hello-dev"})"));
    stub_.set("PUT " + kFunction,
              problem("412 Precondition Failed", R"({"code":"stale","layer":"client","detail":"no"})"));
  }
  void leave_mark(const DevProof& proof) { DevMark(marks(), stub_.base(), kHello).write(proof); }
  fs::path marks() const { return home_ / "hearth/dev"; }
  bool deleted() { return stub_.was_asked("DELETE " + kFunction); }

  const std::string kFunction = "/v1/namespaces/default/functions/hello-dev";
  tests::TemporaryFolder folder_;
  tests::TemporaryFolder home_;
  ApiStub stub_{ApiStub::Answers{}};
};

TEST_F(Dev, KilledBeforeItMadeAnythingLeavesNothingToSweep) {
  stub_.set("HEAD /v1/namespaces/default/packages/*", "HANG");
  auto killed = dev();
  stub_.await("HEAD /v1/namespaces/default/packages/");
  killed.kill();
  killed.finish();
  stub_.set("HEAD /v1/namespaces/default/packages/*", answer("200 OK", ""));
  take_name();
  const auto second = dev().finish();
  EXPECT_THAT(second.err, testing::HasSubstr("there is a function hello-dev already, which fn dev did not make"));
  EXPECT_FALSE(deleted()) << "it is somebody's";
}

TEST_F(Dev, SweepsWhatAnEarlierOneLeftAndNothingElse) {
  take_name();
  leave_mark({.installation = "another", .revision = 3, .created_at = "T3"});
  dev().finish();
  EXPECT_FALSE(deleted()) << "of another hearthd at the same address";
  stub_.set("GET " + kFunction + "/revisions/3", answer("200 OK", R"({"created_at":"T4"})"));
  leave_mark({.installation = "0123456789abcdef", .revision = 3, .created_at = "T3"});
  dev().finish();
  EXPECT_FALSE(deleted()) << "deployed by somebody since";
  stub_.set("GET " + kFunction + "/revisions/3", answer("200 OK", R"({"created_at":"T3"})"));
  leave_mark({.installation = "0123456789abcdef", .revision = 3, .created_at = "T3"});
  dev().finish();
  EXPECT_TRUE(deleted());
}

TEST_F(Dev, RemovesWhatItMadeThoughTheAnswerWasLost) {
  stub_.set("PUT " + kFunction, "");
  auto program = dev();
  stub_.await("PUT " + kFunction);
  program.interrupt();
  EXPECT_EQ(program.finish().code, 0);
  EXPECT_TRUE(deleted());
  EXPECT_TRUE(fs::is_empty(marks()));
}

TEST_F(Dev, TriesAgainWhatFailedWhenItIsSavedAgainAsItIs) {
  stub_.set("GET " + kFunction + "/revisions/1/build",
            stream(R"({"type":"failed","problem":{"code":"unavailable","layer":"engine","detail":"away"}})"
                   "\n"));
  auto program = dev();
  stub_.await("GET " + kFunction + "/revisions/1/build");
  stub_.set("PUT " + kFunction, answer("202 Accepted", R"({"number":2,"created_at":"T2"})"));
  stub_.set("GET " + kFunction + "/revisions/2/build", stream("{\"type\":\"done\"}\n"));
  save("first");
  EXPECT_FALSE(stub_.await("GET " + kFunction + "/revisions/2/build").head.empty());
  program.interrupt();
  program.finish();
}

TEST_F(Dev, EndsWhenNobodyReadsIt) {
  auto program = dev();
  stub_.await("GET " + kFunction + "/calls");
  stub_.set("GET " + kFunction + "/calls?follow=1", stream("{\"method\":\"GET\"}\n"));
  program.close_output();
  if (stub_.await("DELETE " + kFunction).head.empty()) program.interrupt();
  EXPECT_EQ(program.finish().code, 128 + SIGPIPE);
}

// A build may take longer than anybody waits for a hearthd that is away.
TEST(Building, HasPatienceFromWhereItsStreamBrokeOff) {
  constexpr std::chrono::milliseconds kWaits{500};
  int streams = 0;
  net::TinyServer server([&](net::Peer& peer) {
    peer.read_head();
    if (++streams == 1) {
      peer.write(stream("{\"type\":\"output\",\"text\":\"long\\n\"}\n"));
      std::this_thread::sleep_for(kWaits * 2);
    } else {
      peer.write(stream("{\"type\":\"done\"}\n"));
    }
  });
  const Terminal terminal(Terminal::look(Format::text));
  const Context context{.terminal = terminal, .stop = {}, .api = server.base()};
  auto client = context.client();
  EXPECT_NO_THROW(follow_build(context, client, "/x", {}, kWaits));
}

}  // namespace
}  // namespace hearth::cli
