// What `fn dev` stands on: a folder that is watched by the system, marks that outlive a kill.
#include "cli/dev_mark.h"
#include "cli/folder_watch.h"
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
    watch_.emplace(folder_.path());
    IgnoreRules rules;
    rules.add("build/\n*.log\n/fn.yaml\n");
    watch_->ignore(rules);
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

TEST_F(Watching, EndsWhenStopped) {
  std::stop_source stop;
  std::jthread waiting([&] { EXPECT_THAT(watch_->await_change(stop.get_token()), ElementsAre()); });
  stop.request_stop();
}

const domain::FunctionName kHello{.space = "default", .name = "hello-dev"};

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

TEST(DevMark, OutlivesAKill) {
  const tests::TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const auto child = ::fork();
  if (child == 0) {
    const DevMark mark(folder.path(), "http://a:1", kHello);
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
  fs::remove(left.front().file);
  EXPECT_TRUE(left_behind(folder.path(), "http://a:1").empty());
}

}  // namespace
}  // namespace hearth::cli
