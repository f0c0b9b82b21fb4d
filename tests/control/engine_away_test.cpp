// An engine that goes away and comes back, and replicas that outlived the hearthd that started them.
#include "dispatcher_bench.h"

#include <algorithm>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using tests::FakeEngine;

using EngineAwayTest = DispatcherBench;

TEST_F(EngineAwayTest, WarmCallsGoOnWhileTheEngineIsAwayAndColdOnesFailSoon) {
  serve(1, {.concurrency = 1}, {.max = 2});
  auto& warm = call();
  ASSERT_NE(warm.await_lease(), nullptr);
  engine_.go_away();
  warm.finish();
  EXPECT_NE(call().await_lease(), nullptr);

  serve("other");
  Caller cold{dispatcher_, clock_};
  ASSERT_TRUE(cold.call("other"));
  const auto fault = cold.await_fault();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->layer, domain::Layer::engine);
  EXPECT_EQ(http_status(*fault), 503);
  EXPECT_TRUE(fault->retry_after);
}

TEST_F(EngineAwayTest, StartsAnewWhenTheEngineComesBackWithoutItsContainers) {
  serve(1);
  call().finish();
  engine_.go_away();
  engine_.come_back(false);
  ASSERT_TRUE(await_containers(0));
  EXPECT_NE(call().await_lease(), nullptr);
}

TEST_F(EngineAwayTest, KeepsWhatOutlivedTheEngine) {
  serve(1);
  call().finish();
  engine_.go_away();
  engine_.come_back(true);
  EXPECT_NE(call().await_lease(), nullptr);
  EXPECT_EQ(engine_.starts(), 1u);
}

TEST_F(EngineAwayTest, StopsInTheEndWhatTheEngineCouldNotStopAtOnce) {
  serve(1, {}, {.idle_timeout = 10s});
  call().finish();
  engine_.go_away();
  clock_.advance(11s);
  ASSERT_TRUE(engine_.await([&](auto&) { return !view().replicas.empty() && view().replicas[0].stopping; }));
  EXPECT_EQ(engine_.containers(), 1u);
  engine_.come_back(true);
  EXPECT_TRUE(engine_.await([&](const FakeEngine& engine) {
    clock_.advance(1s);
    return engine.containers() == 0;
  }));
}

TEST_F(EngineAwayTest, AdoptsAReplicaOfTheServedRevisionOnly) {
  serve(2);
  EXPECT_FALSE(dispatcher_.adopt({.id = 7, .function = {.name = "hello"}, .revision = 1, .running = {}}));
  EXPECT_FALSE(dispatcher_.adopt({.id = 7, .function = {.name = "other"}, .revision = 2, .running = {}}));
  EXPECT_TRUE(dispatcher_.adopt({.id = 7, .function = {.name = "hello"}, .revision = 2, .running = {}}));
  EXPECT_EQ(call().await_lease()->replica().id, 7u);
  EXPECT_EQ(engine_.starts(), 0u);
}

TEST_F(EngineAwayTest, StopsWhatItDidNotAdopt) {
  serve(1);
  auto* lease = call().await_lease();
  const auto stranger = lease->replica().id;
  lease->finish(Outcome::completed);
  serve(2);
  Dispatcher next{engine_, clock_, {}};
  EXPECT_FALSE(next.adopt({.id = stranger, .function = {.name = "hello"}, .revision = 1, .running = {}}));
  EXPECT_TRUE(engine_.await([&](const FakeEngine& engine) {
    const auto running = engine.running();
    return std::ranges::find(running, stranger) == running.end();
  }));
}

TEST_F(EngineAwayTest, StartsNothingUntilItIsKnownWhatLives) {
  dispatcher_.away({.message = "not looked yet"});
  serve(1, {}, {.min = 1, .max = 1});
  ASSERT_TRUE(dispatcher_.adopt({.id = 7, .function = {.name = "hello"}, .revision = 1, .running = {}}));
  dispatcher_.looked();
  EXPECT_EQ(view().replicas.size(), 1u);
  EXPECT_EQ(engine_.starts(), 0u);
}

}  // namespace
}  // namespace hearth::control
