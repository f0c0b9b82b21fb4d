#include "host/freezer.h"

#include "domain/error.h"
#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <iterator>
#include <string>

namespace hearth::host {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream{file} << text;
}

std::string read(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

TEST(Freezer, KnowsWhatTheKernelSays) {
  EXPECT_EQ(frost_of_state("THAWED\n"), Frost::thawed);
  EXPECT_EQ(frost_of_state("FREEZING\n"), Frost::between);
  EXPECT_EQ(frost_of_state("FROZEN\n"), Frost::frozen);
  EXPECT_EQ(frost_of_state(""), Frost::unknown);
  EXPECT_EQ(frost_of_events("populated 1\nfrozen 1\n"), Frost::frozen);
  EXPECT_EQ(frost_of_events("populated 1\nfrozen 0\n"), Frost::thawed);
  EXPECT_EQ(frost_of_events("frozen 1"), Frost::frozen);
  EXPECT_EQ(frost_of_events("populated 1\n"), Frost::unknown) << "a kernel before 5.2";
}

TEST(Freezer, IsWrittenWhereEitherDriverOfEitherVersionPutsIt) {
  for (const auto* place : {"docker/abc", "system.slice/docker-abc.scope"}) {
    const tests::TemporaryFolder first;
    const auto state = first.path() / "freezer" / place / "freezer.state";
    write(state, "THAWED\n");
    EXPECT_TRUE(set_frozen(first.path(), "abc", true, 0ms)) << place;
    EXPECT_EQ(read(state).substr(0, 6), "FROZEN");
    EXPECT_TRUE(set_frozen(first.path(), "abc", false, 0ms)) << place;
    EXPECT_EQ(read(state).substr(0, 6), "THAWED");

    const tests::TemporaryFolder second;
    write(second.path() / "cgroup.controllers", "memory pids\n");
    write(second.path() / place / "cgroup.freeze", "0\n");
    write(second.path() / place / "cgroup.events", "populated 1\nfrozen 1\n");
    EXPECT_TRUE(set_frozen(second.path(), "abc", true, 0ms)) << place;
    EXPECT_EQ(read(second.path() / place / "cgroup.freeze"), "1\n");
    write(second.path() / place / "cgroup.events", "populated 1\nfrozen 0\n");
    EXPECT_TRUE(set_frozen(second.path(), "abc", false, 0ms)) << place;
    EXPECT_EQ(read(second.path() / place / "cgroup.freeze"), "0\n");
  }
}

// What is written is no answer: only what the kernel says of it is.
TEST(Freezer, TakesBackAFreezeThatIsNotConfirmed) {
  const tests::TemporaryFolder root;
  write(root.path() / "cgroup.controllers", "memory\n");
  write(root.path() / "docker/abc/cgroup.freeze", "0\n");
  write(root.path() / "docker/abc/cgroup.events", "populated 1\nfrozen 0\n");
  EXPECT_THROW(set_frozen(root.path(), "abc", true, 2ms), domain::Error);
  EXPECT_EQ(read(root.path() / "docker/abc/cgroup.freeze"), "0\n");
  write(root.path() / "docker/abc/cgroup.events", "populated 1\nfrozen 1\n");
  EXPECT_THROW(set_frozen(root.path(), "abc", false, 2ms), domain::Error) << "nor is a thaw";
}

TEST(Freezer, IsNotReachedWhereTheGroupIsGoneOrKeptFromUs) {
  const tests::TemporaryFolder root;
  EXPECT_FALSE(set_frozen(root.path(), "abc", true, 0ms));
  write(root.path() / "cgroup.controllers", "memory\n");
  write(root.path() / "docker/abc/cgroup.events", "populated 1\n");
  EXPECT_FALSE(set_frozen(root.path(), "abc", true, 0ms)) << "a kernel without a freezer";
  EXPECT_FALSE(set_frozen(root.path(), "../abc", true, 0ms));
  EXPECT_FALSE(set_frozen(root.path(), "", true, 0ms));
}

// A process that forks while its group is being frozen leaves it between; asked again, the kernel takes the rest.
TEST(Freezer, AsksAgainWhileItIsBetween) {
  std::deque<Frost> says{Frost::between, Frost::between, Frost::between, Frost::frozen};
  int asked = 0;
  const auto look = [&] {
    const auto said = says.front();
    if (says.size() > 1) says.pop_front();
    return said;
  };
  EXPECT_TRUE(insist(
      Frost::frozen, [&] { ++asked; }, look, [] { return true; }));
  EXPECT_EQ(asked, 2);
}

TEST(Freezer, GivesUpWhenItsTimeIsOver) {
  int rests = 0;
  EXPECT_FALSE(insist(
      Frost::frozen, [] {}, [] { return Frost::between; }, [&] { return ++rests < 3; }));
  EXPECT_EQ(rests, 3);
}

}  // namespace
}  // namespace hearth::host
