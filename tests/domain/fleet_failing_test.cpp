// Replicas that do not start, die or overrun, and an engine that is away.
#include "domain/fleet_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

TEST(FleetFailing, RefusesAtOnceWhileItBacksOffAndTriesAgainAfter) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.start_failed(1);
  EXPECT_THAT(bench.refusals, ElementsAre(Pair(1, Refusal::cannot_start)));
  EXPECT_TRUE(bench.orders.back().at_once);
  EXPECT_TRUE(bench.fleet.backing_off(bench.now));
  bench.call(2);
  EXPECT_THAT(bench.refusals, SizeIs(2));
  EXPECT_THAT(bench.started(), SizeIs(1));
  bench.passes(1s);
  bench.call(3);
  EXPECT_THAT(bench.started(), SizeIs(2));
}

TEST(FleetFailing, StartsFewTimesWhatCannotStartUnderAFloodOfCalls) {
  for (const auto start_takes : {0ms, 30ms, 2000ms}) {
    FleetBench bench{one_at_a_time()};
    const auto end = bench.now + 10min;
    std::vector<std::pair<Time, ReplicaId>> starting;
    std::size_t seen = 0;
    for (CallId call = 1; bench.now < end; ++call) {
      bench.call(call, 0, 30s);
      for (const auto all = bench.started(); seen < all.size(); ++seen) {
        starting.emplace_back(bench.now + start_takes, all[seen]);
      }
      while (!starting.empty() && starting.front().first <= bench.now) {
        const auto replica = starting.front().second;
        starting.erase(starting.begin());
        bench.start_failed(replica);
        bench.gone(replica);
      }
      bench.passes(10ms);
    }
    EXPECT_LE(bench.started().size(), 25u) << "of starts that take " << start_takes.count() << " ms";
    EXPECT_GE(bench.started().size(), 10u) << "it must go on trying";
  }
}

TEST(FleetFailing, CountsABurstOfFailuresOnce) {
  FleetBench bench{one_at_a_time()};
  for (CallId call = 1; call <= 8; ++call) bench.call(call);
  ASSERT_THAT(bench.started(), SizeIs(8));
  bench.passes(1s);
  for (ReplicaId replica = 1; replica <= 8; ++replica) {
    bench.start_failed(replica);
    bench.passes(1ms);
  }
  EXPECT_EQ(bench.fleet.backoff().failures(), 1u);
  EXPECT_LE(bench.fleet.backoff().retry_at(), bench.now + 1s);
}

TEST(FleetFailing, TriesOneAtATimeUntilOneWorksAgain) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.start_failed(1);
  bench.passes(1s);
  for (CallId call = 2; call <= 9; ++call) bench.call(call);
  ASSERT_THAT(bench.started(), SizeIs(2));
  bench.loaded(2);
  bench.complete(2);
  bench.passes(100ms);
  EXPECT_GT(bench.started().size(), 3u);
}

// Else each of its answers would start another that fails.
TEST(FleetFailing, BacksOffThoughAnOlderReplicaServes) {
  auto settings = one_at_a_time();
  FleetBench bench{settings};
  bench.call(1);
  bench.warm_one();
  for (CallId call = 2; call < 2000; ++call) {
    bench.call(call);
    bench.call(call + 10'000);
    bench.passes(200ms);
    const auto newest = bench.started().back();
    if (newest != 1 && bench.life(newest).phase == Phase::initializing) bench.start_failed(newest), bench.gone(newest);
    bench.complete(bench.grants.front().call);
  }
  EXPECT_LE(bench.started().size(), 20u);
  EXPECT_THAT(bench.refusals, IsEmpty()) << "they wait for the one that serves";
}

TEST(FleetFailing, ReplacesAReplicaThatDiedOnceAtOnceAndBacksOffWhenTheyGoOnDying) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.died(1);
  bench.call(2);
  ASSERT_THAT(bench.started(), ElementsAre(1, 2));
  bench.loaded(2);
  bench.died(2);
  bench.call(3);
  EXPECT_THAT(bench.started(), SizeIs(2));
  EXPECT_THAT(bench.refusals, ElementsAre(Pair(3, Refusal::cannot_start)));
}

// The connections of its calls break before the engine tells of a death.
TEST(FleetFailing, BacksOffToWhereCallsTellOfADeathBeforeTheEngineDoes) {
  auto settings = one_at_a_time();
  settings.scale.concurrency = 16;
  FleetBench bench{settings};
  for (ReplicaId replica = 1; replica <= 2; ++replica) {
    bench.call(replica);
    bench.loaded(replica);
    for (int i = 0; i < 3; ++i) bench.happens([&] { bench.fleet.call_broken(replica, bench.effects(), bench.now); });
    bench.died(replica);
    bench.gone(replica);
  }
  EXPECT_EQ(bench.fleet.backoff().failures(), 2u);
  bench.call(3);
  EXPECT_THAT(bench.refusals, ElementsAre(Pair(3, Refusal::cannot_start)));
}

TEST(FleetFailing, TakesADeathAfterALongLifeForBadLuck) {
  FleetBench bench{one_at_a_time()};
  for (ReplicaId replica = 1; replica <= 5; ++replica) {
    bench.call(replica);
    ASSERT_THAT(bench.started(), SizeIs(replica));
    bench.loaded(replica);
    bench.passes(10s);
    bench.died(replica);
    bench.gone(replica);
  }
  EXPECT_EQ(bench.fleet.backoff().failures(), 0u);
}

TEST(FleetFailing, DoesNotTakeAnOlderRevisionsLongLifeForASuccess) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.passes(20s);
  bench.happens([&] { bench.fleet.serve(2, bench.settings); });
  bench.start_failed(2);
  bench.died(1);
  EXPECT_EQ(bench.fleet.backoff().failures(), 1u);
  EXPECT_THAT(bench.started(), SizeIs(2));
}

TEST(FleetFailing, ForgivesWhenACallWasAnswered) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.start_failed(1);
  bench.passes(1s);
  bench.call(2);
  bench.loaded(2);
  EXPECT_EQ(bench.fleet.backoff().failures(), 1u);
  bench.complete(2);
  EXPECT_EQ(bench.fleet.backoff().failures(), 0u);
}

TEST(FleetFailing, GivesAReplicaUpWhenItsConnectionsBreakInARow) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  const auto breaks = [&] { bench.happens([&] { bench.fleet.call_broken(1, bench.effects(), bench.now); }); };
  breaks();
  breaks();
  bench.fleet.call_completed(1);
  breaks();
  breaks();
  EXPECT_THAT(bench.ordered(Act::stop), IsEmpty());
  breaks();
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(1));
  EXPECT_EQ(bench.life(1).phase, Phase::error);
}

TEST(FleetFailing, GivesUpAReplicaThatOverranAndGrantsItNoMore) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.call(2);
  bench.happens([&] { bench.fleet.overran(1, bench.effects(), bench.now); });
  bench.end(1);
  EXPECT_FALSE(bench.has_grant(2)) << "it still executes what nobody waits for";
  ASSERT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::stop));
  EXPECT_THAT(bench.started(), ElementsAre(1, 2)) << "another for the call that waits";
  bench.loaded(2);
  EXPECT_TRUE(bench.has_grant(2));
}

TEST(FleetFailing, RefusesColdCallsAndServesWarmOnesWhileTheEngineIsAway) {
  FleetBench bench{one_at_a_time()};
  bench.happens([&] { bench.fleet.engine_away(true); });
  bench.call(1);
  EXPECT_THAT(bench.refusals, ElementsAre(Pair(1, Refusal::engine_away)));
  EXPECT_THAT(bench.orders, IsEmpty());
  bench.happens([&] { bench.fleet.engine_away(false); });
  bench.call(2);
  bench.warm_one();
  bench.happens([&] { bench.fleet.engine_away(true); });
  bench.end(2);
  EXPECT_TRUE(bench.call(3));
  bench.call(4);
  EXPECT_THAT(bench.refusals, SizeIs(1)) << "it waits for the one that serves";
  bench.end(3);
  EXPECT_TRUE(bench.has_grant(4));
}

TEST(FleetFailing, TriesAgainAtOnceWhenTheEngineIsBack) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.start_failed(1);
  bench.happens([&] { bench.fleet.engine_away(true); });
  bench.happens([&] { bench.fleet.engine_away(false); });
  bench.call(2);
  EXPECT_THAT(bench.started(), SizeIs(2));
}

}  // namespace
}  // namespace hearth::domain
