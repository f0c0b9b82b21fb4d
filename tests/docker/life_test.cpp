// Logs, ends and leftovers of real containers.
#include "docker/docker_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::size_t mounts() {
  std::ifstream table{"/proc/self/mountinfo"};
  std::size_t count = 0;
  for (std::string line; std::getline(table, line);) ++count;
  return count;
}

TEST(Life, DeliversEveryLineUntilTheLast) {
  DockerWorld world{true};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  world.call(running.address, "/say?one");
  EXPECT_TRUE(world.lines.await("one"));
  world.call(running.address, "/say?last");

  world.engine().stop(spec.id, 1s);

  const auto lines = world.lines.all();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text, "starting as serves");
  EXPECT_TRUE(lines[0].error_stream);
  EXPECT_EQ(lines[1].text, "one");
  EXPECT_FALSE(lines[1].error_stream);
  EXPECT_EQ(lines[2].text, "last");
  EXPECT_EQ(lines[2].replica, spec.id);
}

TEST(Life, GoesOnFollowingWhenDockersFileIsFull) {
  DockerWorld world{true};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  for (int i = 0; i < 6; ++i) {  // each a good part of a file
    world.call(running.address, "/flood?3500");
    world.call(running.address, "/say?flood-" + std::to_string(i));
    ASSERT_TRUE(world.lines.await("flood-" + std::to_string(i))) << i;
  }
  EXPECT_EQ(world.lines.all().size(), 1u + 6 * 3501);
  world.engine().stop(spec.id, 1s);
}

TEST(Life, FollowsWhatItFoundAfterARestart) {
  DockerWorld world{true};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  world.restart().recover();

  // What is printed before Docker has opened the stream is not told again, so it is said until it is heard.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  bool heard = false;
  while (!heard && std::chrono::steady_clock::now() < deadline) {
    world.call(running.address, "/say?again");
    heard = world.lines.await("again", 100ms);
  }
  EXPECT_TRUE(heard);
  world.engine().stop(spec.id, 1s);
}

TEST(Life, GivesTheEndOfTheLogWithAFailedStart) {
  DockerWorld world{true};
  const auto fault =
      contract::fault_of([&] { world.engine().start(world.spec(contract::Behaviour::does_not_load), {}); });
  EXPECT_EQ(fault.message, "the handler did not load: ImportError: no module named x");
  EXPECT_THAT(fault.detail, HasSubstr("Traceback:\n  line 1\nImportError"));
}

TEST(Life, TellsThatAStartRanOutOfMemory) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.env["TEST_BEHAVIOUR"] = "eats";
  const auto fault = contract::fault_of([&] { world.engine().start(spec, {}); });
  EXPECT_THAT(fault.message, HasSubstr("ran out of memory"));
}

TEST(Life, ReportsThatAReplicaRanOutOfMemory) {
  DockerWorld world{true};
  contract::Exits exits;
  const contract::Watching watching{world.engine(), exits};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});

  world.call(running.address, "/memory");

  const auto exit = exits.await(spec.id);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 137);
  EXPECT_TRUE(exit->out_of_memory);
  world.engine().stop(spec.id, 1s);
}

TEST(Life, TellsThatAContainerListensOnLoopbackOnly) {
  DockerWorld world{false};
  auto spec = world.serving();
  spec.env["TEST_BEHAVIOUR"] = "loopback";
  spec.start_timeout = 1500ms;
  const auto fault = contract::fault_of([&] { world.engine().start(spec, {}); });
  EXPECT_THAT(fault.message, HasSubstr("127.0.0.1:8080 only"));
}

TEST(Life, TellsThatAnImagesCommandIsMissing) {
  DockerWorld world{false};
  auto spec = world.serving();
  spec.image = make_image(world.api, {"CMD [\"/no-such-program\"]"});
  const auto fault = contract::fault_of([&] { world.engine().start(spec, {}); });
  EXPECT_EQ(fault.layer, domain::Layer::function) << fault.message;
  EXPECT_THAT(fault.message + fault.detail, HasSubstr("/no-such-program"));
  EXPECT_EQ(world.things(), 0u);
}

TEST(Life, TellsThatItsImageIsGone) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.image = "sha256:" + std::string(64, 'f');
  const auto fault = contract::fault_of([&] { world.engine().start(spec, {}); });
  EXPECT_EQ(fault.code, domain::Code::unavailable);
  EXPECT_THAT(fault.hint, HasSubstr("deploy the function again"));
}

TEST(Life, KillsWhatDoesNotHeedItsTermination) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.env["TEST_BEHAVIOUR"] = "stubborn";
  const auto running = world.engine().start(spec, {});
  const auto begin = std::chrono::steady_clock::now();

  world.engine().stop(spec.id, 300ms);

  EXPECT_GE(std::chrono::steady_clock::now() - begin, 300ms);
  EXPECT_FALSE(world.serves(spec.id, running.address));
  EXPECT_EQ(world.things(), 0u);
}

TEST(Life, LeavesNothingBehindAfterFiftyStarts) {
  const auto before = mounts();
  {
    DockerWorld world{true};
    std::atomic<int> next = 0;
    std::vector<ports::ReplicaSpec> specs;
    for (int i = 0; i < 50; ++i) specs.push_back(world.serving());
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
          for (int i = next++; i < 50; i = next++) {
            world.engine().start(specs[static_cast<std::size_t>(i)], {});
            world.engine().stop(specs[static_cast<std::size_t>(i)].id, 1s);
          }
        });
      }
    }
    EXPECT_EQ(world.things(), 0u);
    EXPECT_TRUE(std::filesystem::is_empty(world.run_folder / "replicas"));
    world.engine().tidy();
  }
  EXPECT_LE(mounts(), before);
}

}  // namespace
}  // namespace hearth::docker
