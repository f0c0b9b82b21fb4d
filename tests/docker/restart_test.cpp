// The engine goes away and comes back, with its containers or without.
#include "docker/docker_world.h"
#include "docker/own_dockerd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;
using domain::ReplicaId;

// Nobody tells a test what the engine does in the background: networks that hold, not only in its own eyes.
bool await_parked(DockerWorld& world, std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  const auto holders = [&] {
    return std::ranges::count_if(world.containers.list(world.installation), [](const Container& one) {
      return one.running && one.name.find("_parked-") != one.name.npos;
    });
  };
  while (world.engine().parked() != count || holders() < static_cast<std::ptrdiff_t>(count)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

TEST(EngineRestart, KeepsReplicasWithLiveRestore) {
  OwnDockerd dockerd{{"--live-restore"}};
  DockerWorld world{true, dockerd.socket()};
  contract::Exits exits;
  const contract::Watching watching{world.engine(), exits};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});

  dockerd.stop();

  EXPECT_TRUE(exits.await_away());
  EXPECT_TRUE(world.serves(spec.id, running.address));  // a warm replica needs no engine
  const auto fault = contract::fault_of([&] { world.engine().start(world.serving(), {}); });
  EXPECT_EQ(fault.code, domain::Code::unavailable);
  EXPECT_EQ(fault.layer, domain::Layer::engine);

  dockerd.start();

  EXPECT_TRUE(exits.await_back());
  EXPECT_EQ(world.engine().alive(), std::vector<ReplicaId>{spec.id});
  EXPECT_TRUE(world.serves(spec.id, running.address));
  world.call(running.address, "/say?after");
  EXPECT_TRUE(world.lines.await("after"));  // its output is followed again
  world.make_exit(spec.id, running.address, 4);
  const auto exit = exits.await(spec.id);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 4);
  world.engine().stop(spec.id, 1s);
  EXPECT_EQ(world.things(), 0u);
}

TEST(EngineRestart, KnowsThatAllAreGoneWithoutLiveRestore) {
  OwnDockerd dockerd;
  DockerWorld world{true, dockerd.socket(), {.min = 1, .max = 1}};
  contract::Exits exits;
  const contract::Watching watching{world.engine(), exits};
  auto spec = world.serving();
  spec.network.egress = true;
  world.engine().expect(spec);
  EXPECT_TRUE(await_parked(world, 1));
  world.engine().start(spec, {});
  EXPECT_TRUE(await_parked(world, 1));

  dockerd.stop();
  EXPECT_TRUE(exits.await_away());
  dockerd.start();

  EXPECT_TRUE(exits.await_back());
  EXPECT_TRUE(world.engine().alive().empty());
  world.engine().stop(spec.id, 1s);
  EXPECT_TRUE(await_parked(world, 1));
  EXPECT_EQ(world.things(), 1u) << "a network stands ready again, and no other is held";
  auto again = world.serving();
  again.network.egress = true;
  EXPECT_TRUE(world.serves(again.id, world.engine().start(again, {}).address));
  world.engine().stop(again.id, 1s);
}

TEST(EngineRestart, StopsWatchingAtOnceWhileTheEngineIsAway) {
  Lines lines;
  tests::TemporaryFolder folder;
  host::LinuxHost host{folder.path(), true};
  DockerEngine engine{
      {.location = {.socket = (folder / "no.sock").string()}, .installation = {"id", "secret"}}, host, lines};
  contract::Exits exits;
  {
    const contract::Watching watching{engine, exits};
    EXPECT_TRUE(exits.await_away());
  }
}

}  // namespace
}  // namespace hearth::docker
