// Limits hit on purpose, in real containers.
#include "docker/docker_world.h"
#include "host/container_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

bool said(Lines& lines, const std::string& part) {
  for (const auto& line : lines.all()) {
    if (line.text.find(part) != line.text.npos) return true;
  }
  return false;
}

bool await_said(Lines& lines, const std::string& part) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!said(lines, part)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

TEST(Limits, AnEndForWantOfMemoryComesWithThePeak) {
  DockerWorld world{true};
  contract::Exits exits;
  const contract::Watching watching{world.engine(), exits};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});

  world.call(running.address, "/memory");

  const auto exit = exits.await(spec.id);
  ASSERT_TRUE(exit);
  EXPECT_TRUE(exit->out_of_memory);
  EXPECT_TRUE(await_said(world.lines, "hearth: out of memory: the kernel killed a process"));
  // Docker takes the group away tens of milliseconds after the end; a machine that is busy enough may be slower still.
  if (exit->memory_peak) {
    EXPECT_GT(*exit->memory_peak, domain::mebibytes(60));
    EXPECT_LE(*exit->memory_peak, domain::mebibytes(64));
    EXPECT_TRUE(said(world.lines, "limits.memory is 64Mi, the peak was ")) << "peak known and not told";
  }
  RecordProperty("peak_known", exit->memory_peak ? 1 : 0);
  world.engine().stop(spec.id, 1s);
}

TEST(Limits, AChildThatIsKilledForWantOfMemoryIsToldAndTheReplicaGoesOn) {
  DockerWorld world{true};
  contract::Exits exits;
  const contract::Watching watching{world.engine(), exits};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});

  // Several within a moment are told once.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.call(running.address, "/child-memory"), "killed by 9");

  const std::string word = "hearth: out of memory: the kernel killed a process; limits.memory is 64Mi";
  EXPECT_TRUE(await_said(world.lines, word));
  EXPECT_TRUE(world.serves(spec.id, running.address));
  EXPECT_FALSE(exits.await(spec.id, 0ms));
  world.engine().stop(spec.id, 1s);
  const auto lines = world.lines.all();
  EXPECT_EQ(std::ranges::count_if(lines, [&](const auto& line) { return line.text.starts_with(word); }), 1);
}

TEST(Limits, AForkBombIsContainedAndTold) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.limits.pids = 20;
  const auto running = world.engine().start(spec, {});

  const auto outcome = world.call(running.address, "/fork");  // as many as it gets, and how that ended

  EXPECT_THAT(outcome, HasSubstr("Resource temporarily unavailable"));
  EXPECT_LE(std::stoi(outcome), 20);
  EXPECT_GE(std::stoi(outcome), 17);
  EXPECT_TRUE(await_said(world.lines, "hearth: refused another process or thread: limits.pids is 20"));
  EXPECT_TRUE(world.serves(spec.id, running.address));
  world.engine().stop(spec.id, 1s);
}

TEST(Limits, ABusyLoopGetsTheShareThatItHas) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.limits.cpu_millis = 200;
  const auto running = world.engine().start(spec, {});

  const auto used = std::stoi(world.call(running.address, "/spin?2000"));  // ms of CPU in 2 s

  EXPECT_LE(used, 600);  // 400, and a period or two more at its ends
  EXPECT_GE(used, 100);
  world.engine().stop(spec.id, 1s);
}

TEST(Limits, WhatIsWrittenIsBounded) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.limits.tmp = domain::mebibytes(8);
  const auto running = world.engine().start(spec, {});

  EXPECT_EQ(world.call(running.address, "/fill?/tmp/file"), "8388608 No space left on device");
  EXPECT_EQ(world.call(running.address, "/fill?/dev/shm/file"), "8388608 No space left on device");
  EXPECT_EQ(world.call(running.address, "/fill?/run/hearth/file"), "65536 No space left on device");
  EXPECT_EQ(world.call(running.address, "/fill?/file"), "0 Read-only file system");
  EXPECT_TRUE(world.serves(spec.id, running.address));
  world.engine().stop(spec.id, 1s);
}

TEST(Limits, OpenFilesAndCoreDumpsAreBounded) {
  DockerWorld world{true};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});

  EXPECT_EQ(world.call(running.address, "/ulimits"), "nofile 16384 16384 core 0 0");
  world.engine().stop(spec.id, 1s);
}

TEST(Limits, MemoryHasNoSwapBesideIt) {
  DockerWorld world{true};
  const auto spec = world.serving();
  world.engine().start(spec, {});
  const std::string container = world.inspect(spec.id)["Id"];

  const auto memory = world.host.memory_of(container);

  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->limit, domain::mebibytes(64));
  EXPECT_EQ(world.inspect(spec.id)["HostConfig"]["MemorySwap"], 64 << 20);
  world.engine().stop(spec.id, 1s);
  EXPECT_FALSE(world.host.memory_of(container));
}

}  // namespace
}  // namespace hearth::docker
