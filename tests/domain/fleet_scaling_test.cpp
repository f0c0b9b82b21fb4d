#include "domain/fleet_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

TEST(FleetScaling, StartsNothingBeforeACallComes) {
  FleetBench bench{one_at_a_time()};
  bench.passes(1h);
  EXPECT_THAT(bench.orders, IsEmpty());
  EXPECT_EQ(bench.fleet.wake_at(), std::nullopt);
}

TEST(FleetScaling, StartsAReplicaForACallAndGrantsItWhenItIsLoaded) {
  FleetBench bench{one_at_a_time()};
  EXPECT_FALSE(bench.call(1));
  ASSERT_THAT(bench.started(), SizeIs(1));
  EXPECT_EQ(bench.life(1).phase, Phase::initializing);
  bench.passes(40ms);
  EXPECT_FALSE(bench.has_grant(1));
  bench.loaded(1);
  EXPECT_TRUE(bench.has_grant(1));
  EXPECT_EQ(bench.life(1).phase, Phase::executing);
  bench.end(1);
  bench.settle();
  EXPECT_EQ(bench.life(1).phase, Phase::warm);
}

TEST(FleetScaling, StartsEnoughForTheCallsThatWait) {
  auto settings = one_at_a_time();
  settings.scale.concurrency = 4;
  FleetBench bench{settings};
  for (CallId call = 1; call <= 9; ++call) bench.call(call);
  EXPECT_THAT(bench.started(), SizeIs(3));
  for (const auto replica : bench.started()) bench.loaded(replica);
  EXPECT_THAT(bench.grants, SizeIs(9));
}

TEST(FleetScaling, StartsNoMoreThanMaxHoweverManyCallsWait) {
  auto settings = one_at_a_time();
  settings.scale.max = 3;
  FleetBench bench{settings};
  for (CallId call = 1; call <= 50; ++call) bench.call(call);
  for (const auto replica : bench.started()) bench.loaded(replica);
  bench.passes(1min);
  EXPECT_THAT(bench.started(), SizeIs(3));
}

TEST(FleetScaling, StartsOneMoreOnceACallHasLostItsPatience) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.call(2);
  EXPECT_THAT(bench.started(), SizeIs(1)) << "the first may end soon";
  EXPECT_EQ(bench.fleet.wake_at(), bench.now + 100ms);
  bench.passes(100ms - 1ns);
  EXPECT_THAT(bench.started(), SizeIs(1));
  bench.passes(1ns);
  EXPECT_THAT(bench.started(), SizeIs(2));
}

TEST(FleetScaling, KeepsMinReplicasThoughNobodyCalls) {
  auto settings = one_at_a_time();
  settings.scale.min = 2;
  FleetBench bench{settings};
  ASSERT_THAT(bench.started(), ElementsAre(1, 2));
  bench.loaded(1);
  bench.loaded(2);
  bench.passes(24h);
  EXPECT_THAT(bench.ordered(Act::stop), IsEmpty());
  bench.died(1);
  EXPECT_THAT(bench.started(), SizeIs(3)) << "one that died is replaced";
}

TEST(FleetScaling, StopsAReplicaExactlyWhenItsIdleTimeIsOver) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.passes(5s);
  bench.end(1);
  bench.settle();
  EXPECT_EQ(bench.fleet.wake_at(), bench.now + 60s);
  bench.passes(60s - 1ns);
  EXPECT_THAT(bench.ordered(Act::stop), IsEmpty());
  bench.passes(1ns);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(1));
  EXPECT_FALSE(bench.orders.back().at_once);
  bench.gone(1);
  EXPECT_THAT(bench.fleet.replicas(), IsEmpty());
  EXPECT_EQ(bench.fleet.wake_at(), std::nullopt);
}

// On the warm path nobody tells the fleet anything: it wakes often enough to find out.
TEST(FleetScaling, FindsOutByItselfSinceWhenAReplicaIdles) {
  auto settings = one_at_a_time();
  FleetBench bench{settings};
  bench.call(1);
  bench.warm_one();
  const auto slot = bench.grants[0].slot;
  bench.now += 10s;
  const auto ended = bench.now;
  bench.pool().call_ended(slot, 0, bench.now);
  while (bench.ordered(Act::stop).empty()) {
    ASSERT_TRUE(bench.fleet.wake_at());
    ASSERT_GT(*bench.fleet.wake_at(), bench.now);
    bench.now = *bench.fleet.wake_at();
    bench.settle();
  }
  EXPECT_EQ(bench.now, ended + 60s);
}

TEST(FleetScaling, StopsTheLeastRecentlyUsedFirst) {
  auto settings = one_at_a_time();
  settings.scale.min = 1;
  FleetBench bench{settings};
  bench.loaded(1);
  for (CallId call = 1; call <= 3; ++call) bench.call(call);
  bench.passes(100ms);
  bench.loaded(2);
  bench.loaded(3);
  ASSERT_THAT(bench.grants, SizeIs(3));
  for (const CallId call : {3, 1, 2}) {
    bench.passes(1s);
    bench.end(call);
  }
  bench.passes(60s - 2s);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(3));
  bench.passes(1s);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(3, 1));
  bench.passes(1h);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(3, 1)) << "the last one is the one to keep";
}

TEST(FleetScaling, LetsABusyReplicaEndItsCallsBeforeItStops) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.happens([&] { bench.fleet.remove(); });
  EXPECT_THAT(bench.ordered(Act::stop), IsEmpty());
  EXPECT_TRUE(bench.life(1).draining);
  bench.end(1);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(1));
}

TEST(FleetScaling, StopsAReplicaWhoseCallsAreOverNobodyWaitsForItsStart) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.happens([&] { bench.fleet.remove(); });
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::stop));
  EXPECT_THAT(bench.refusals, ElementsAre(Pair(1, Refusal::removed)));
  bench.happens([&] { bench.fleet.loaded(1, 1, bench.effects(), bench.now); });
  EXPECT_THAT(bench.grants, IsEmpty()) << "it loaded too late";
}

TEST(FleetScaling, RefusesWhatARemovedFunctionIsAsked) {
  FleetBench bench{one_at_a_time()};
  bench.happens([&] { bench.fleet.remove(); });
  bench.call(1);
  EXPECT_THAT(bench.refusals, ElementsAre(Pair(1, Refusal::removed)));
  EXPECT_THAT(bench.orders, IsEmpty());
}

}  // namespace
}  // namespace hearth::domain
