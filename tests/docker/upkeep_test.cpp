// What Docker refuses or breaks off while it goes on itself.
#include "docker/docker_world.h"
#include "docker/meddler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <future>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;
using contract::Behaviour;
using nlohmann::json;

// Nobody tells a test when Docker's containers and the host's folders are gone.
bool comes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

TEST(Upkeep, RemovesAFailedStartThatDockerRefusedToRemove) {
  Meddler meddler{test_socket()};
  DockerWorld world{true, meddler.socket()};
  std::atomic<int> refusals = 0;
  meddler.meddle([&](const std::string& request) -> std::optional<Meddler::Answer> {
    if (!request.starts_with("DELETE ") || refusals >= 2) return std::nullopt;
    ++refusals;
    return Meddler::Answer{500, R"({"message":"unlinkat /containers/x: device or resource busy"})"};
  });

  contract::fault_of([&] { world.engine().start(world.spec(Behaviour::does_not_load), {}); });

  EXPECT_TRUE(comes_true([&] { return world.things() == 0; }));
  EXPECT_EQ(refusals, 2);
  meddler.meddle({});
}

TEST(Upkeep, FollowsOutputOnThatBrokeOff) {
  Meddler meddler{test_socket()};
  DockerWorld world{true, meddler.socket()};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  world.call(running.address, "/say?before");
  ASSERT_TRUE(world.lines.await("before"));

  EXPECT_EQ(meddler.cut("/logs?"), 1);
  world.call(running.address, "/say?between");
  EXPECT_TRUE(world.lines.await("between"));
  EXPECT_EQ(meddler.cut("/logs?"), 1);
  world.call(running.address, "/say?after");

  EXPECT_TRUE(world.lines.await("after"));
  EXPECT_EQ(world.lines.all().size(), 4u);  // with the first, "starting": none of them twice
  world.engine().stop(spec.id, 1s);
}

// As Docker's own reader is seen to be where files fill faster than it reads them.
TEST(Upkeep, AsksAnewForOutputThatDockerKeepsToItself) {
  Meddler meddler{test_socket()};
  DockerWorld world{true, meddler.socket()};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  const int much = static_cast<int>(kOutputFile.count / 2 / 1000);
  world.call(running.address, "/flood?" + std::to_string(much));
  world.call(running.address, "/say?before");
  ASSERT_TRUE(world.lines.await("before"));

  EXPECT_EQ(meddler.mute("/logs?follow=1"), 1);
  world.call(running.address, "/say?kept");

  EXPECT_TRUE(world.lines.await("kept", 20s));
  world.call(running.address, "/say?after");
  EXPECT_TRUE(world.lines.await("after"));
  EXPECT_EQ(world.lines.all().size(), 4u + static_cast<std::size_t>(much));  // none of them twice
  world.engine().stop(spec.id, 1s);
}

TEST(Upkeep, TellsNothingAgainOfAnAdoptedReplicaThatWasSilent) {
  Meddler meddler{test_socket()};
  DockerWorld world{true, meddler.socket()};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  ASSERT_TRUE(world.lines.await("starting as serves"));
  ASSERT_EQ(world.restart().recover().size(), 1u);
  ASSERT_TRUE(comes_true([&] { return meddler.cut("tail=0") == 1; }));

  world.call(running.address, "/say?after");

  EXPECT_TRUE(world.lines.await("after"));
  EXPECT_EQ(world.lines.all().size(), 2u);
  world.engine().stop(spec.id, 1s);
}

TEST(Upkeep, LetsAStartThatHasNoAddressBeCancelled) {
  Meddler meddler{test_socket()};
  DockerWorld world{false, meddler.socket()};
  auto spec = world.spec(Behaviour::never_listens);
  spec.start_timeout = 60s;
  std::promise<void> awaited;
  std::atomic<bool> told = false;
  meddler.meddle([&](const std::string& request) -> std::optional<Meddler::Answer> {
    if (request.find("/wait?") != request.npos && !told.exchange(true)) awaited.set_value();
    if (!request.starts_with("GET ") || request.find("/containers/") == request.npos || !request.ends_with("/json")) {
      return std::nullopt;
    }
    return Meddler::Answer{200, json{{"Id", "x"},
                                     {"Name", "/x"},
                                     {"State", {{"Running", true}, {"Status", "running"}, {"ExitCode", 0}}},
                                     {"NetworkSettings", {{"Networks", json::object()}}}}
                                    .dump()};
  });
  std::stop_source stop;
  auto fault = std::async(std::launch::async,
                          [&] { return contract::fault_of([&] { world.engine().start(spec, stop.get_token()); }); });
  ASSERT_EQ(awaited.get_future().wait_for(30s), std::future_status::ready);

  const auto begin = std::chrono::steady_clock::now();
  stop.request_stop();

  EXPECT_EQ(fault.get().code, domain::Code::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
  meddler.meddle({});
  EXPECT_EQ(world.things(), 0u);
}

}  // namespace
}  // namespace hearth::docker
