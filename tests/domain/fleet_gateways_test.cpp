// Two gateways share replicas, and what is reported comes late or crosses other news.
#include "domain/fleet_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(FleetGateways, DividesAReplicasSlotsAmongTheGateways) {
  auto settings = one_at_a_time();
  settings.scale.concurrency = 5;
  FleetBench bench{settings, 2};
  bench.call(1, 1);
  bench.loaded(1);
  std::set<std::uint32_t> indices;
  for (CallId call = 2; call <= 20; ++call) bench.call(call, call % 2);
  for (const auto& grant : bench.grants) EXPECT_TRUE(indices.insert(grant.slot.index).second) << "a slot given twice";
  EXPECT_THAT(indices, ElementsAre(0, 1, 2, 3, 4));
}

TEST(FleetGateways, MovesAnIdleReplicaToTheGatewayThatNeedsIt) {
  FleetBench bench{one_at_a_time(), 2};
  bench.call(1, 0);
  bench.warm_one();
  bench.end(1, 0);
  bench.call(2, 1);
  EXPECT_TRUE(bench.has_grant(2));
  EXPECT_THAT(bench.started(), SizeIs(1));
}

TEST(FleetGateways, LetsNoGatewayStarveBehindABusyOne) {
  auto settings = one_at_a_time();
  settings.scale.max = 1;
  FleetBench bench{settings, 2};
  bench.call(1, 0);
  bench.warm_one();
  bench.call(2, 1);
  bench.call(3, 0);
  bench.passes(100ms);
  bench.end(1, 0);
  EXPECT_TRUE(bench.has_grant(2)) << "it waited longer, though the other gateway was never idle";
  EXPECT_FALSE(bench.has_grant(3));
  bench.passes(100ms);
  bench.end(2, 1);
  EXPECT_TRUE(bench.has_grant(3));
}

TEST(FleetGateways, DropsReportsOfAnOldEpoch) {
  FleetBench bench{freezing()};
  bench.frozen_one();
  bench.call(2);
  bench.happens([&] { bench.fleet.thawed(1, bench.epoch(1) - 1, bench.effects(), bench.now); });
  bench.happens([&] { bench.fleet.gone(1, bench.epoch(1) - 1); });
  bench.happens([&] { bench.fleet.start_failed(1, 1, bench.effects(), bench.now); });
  bench.happens([&] { bench.fleet.loaded(1, 1, bench.effects(), bench.now); });
  EXPECT_EQ(bench.life(1).phase, Phase::thawing);
  EXPECT_FALSE(bench.has_grant(2));
}

TEST(FleetGateways, IgnoresReportsOfReplicasItDoesNotKnow) {
  FleetBench bench{one_at_a_time()};
  bench.happens([&] {
    bench.fleet.loaded(9, 1, bench.effects(), bench.now);
    bench.fleet.start_failed(9, 1, bench.effects(), bench.now);
    bench.fleet.froze(9, 1, bench.now);
    bench.fleet.not_frozen(9, 1, bench.effects(), bench.now);
    bench.fleet.thawed(9, 1, bench.effects(), bench.now);
    bench.fleet.not_thawed(9, 1, bench.effects(), bench.now);
    bench.fleet.gone(9, 1);
    bench.fleet.died(9, bench.effects(), bench.now);
    bench.fleet.given_back(0, 9, bench.effects(), bench.now);
    bench.fleet.call_broken(9, bench.effects(), bench.now);
    bench.fleet.call_completed(9);
    bench.fleet.overran(9, bench.effects(), bench.now);
  });
  EXPECT_THAT(bench.orders, IsEmpty());
  EXPECT_THAT(bench.fleet.replicas(), IsEmpty());
}

TEST(FleetGateways, IsNotWokenForWhatAnOldReportSaysOfThePast) {
  auto settings = one_at_a_time();
  FleetBench bench{settings, 2};
  bench.call(1, 0);
  bench.warm_one();
  const std::vector<PoolReport> old{bench.pool(0).report(1s, bench.now), {.held = 1, .next_long = bench.now + 100ms}};
  FleetEffects effects;
  bench.fleet.decide(old, effects, bench.now + 200ms);
  ASSERT_TRUE(bench.fleet.wake_at());
  EXPECT_GT(*bench.fleet.wake_at(), bench.now + 200ms);
  EXPECT_TRUE(std::ranges::any_of(effects, [](const auto& effect) { return std::holds_alternative<Order>(effect); }))
      << "by now that call has waited too long";
}

// The pool's answer and the death crossed on their way.
TEST(FleetGateways, LendsNothingOfADeadReplicaThatIsGivenBackLate) {
  FleetBench bench{freezing(), 2};
  bench.happens([&] { bench.fleet.adopt(1, 1, bench.effects(), bench.now); });
  std::vector<PoolReport> idle{bench.pool(0).report(1s, bench.now), bench.pool(1).report(1s, bench.now)};
  FleetEffects effects;
  bench.now += 2s;
  bench.fleet.decide(idle, effects, bench.now);
  ASSERT_THAT(effects, SizeIs(1));
  ASSERT_TRUE(std::holds_alternative<Reclaim>(effects[0])) << "it is to be frozen";
  bench.fleet.died(1, effects, bench.now);
  idle[1].held = 1;
  bench.fleet.decide(idle, effects, bench.now);
  effects.clear();
  bench.fleet.given_back(0, 1, effects, bench.now);
  EXPECT_THAT(effects, IsEmpty());
}

}  // namespace
}  // namespace hearth::domain
