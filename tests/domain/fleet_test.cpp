#include "domain/fleet.h"

#include "domain/fleet_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

FleetSettings one_at_a_time() {
  FleetSettings settings;
  settings.scale.concurrency = 1;
  settings.scale.idle_timeout = 60s;
  return settings;
}

TEST(Fleet, StartsNothingBeforeACallComes) {
  FleetBench bench{one_at_a_time()};
  bench.passes(1h);
  EXPECT_THAT(bench.orders, IsEmpty());
  EXPECT_EQ(bench.fleet.wake_at(), std::nullopt);
}

TEST(Fleet, StartsAReplicaForACallAndGrantsItWhenItIsLoaded) {
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

TEST(Fleet, StartsEnoughForTheCallsThatWait) {
  auto settings = one_at_a_time();
  settings.scale.concurrency = 4;
  FleetBench bench{settings};
  for (CallId call = 1; call <= 9; ++call) bench.call(call);
  EXPECT_THAT(bench.started(), SizeIs(3));
  for (const auto replica : bench.started()) bench.loaded(replica);
  EXPECT_THAT(bench.grants, SizeIs(9));
}

TEST(Fleet, StartsNoMoreThanMaxHoweverManyCallsWait) {
  auto settings = one_at_a_time();
  settings.scale.max = 3;
  FleetBench bench{settings};
  for (CallId call = 1; call <= 50; ++call) bench.call(call);
  for (const auto replica : bench.started()) bench.loaded(replica);
  bench.passes(1min);
  EXPECT_THAT(bench.started(), SizeIs(3));
}

TEST(Fleet, StartsOneMoreOnceACallHasLostItsPatience) {
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

TEST(Fleet, KeepsMinReplicasThoughNobodyCalls) {
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

TEST(Fleet, StopsAReplicaExactlyWhenItsIdleTimeIsOver) {
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
TEST(Fleet, FindsOutByItselfSinceWhenAReplicaIdles) {
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

TEST(Fleet, StopsTheLeastRecentlyUsedFirst) {
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

TEST(Fleet, LetsABusyReplicaEndItsCallsBeforeItStops) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.happens([&] { bench.fleet.remove(); });
  EXPECT_THAT(bench.ordered(Act::stop), IsEmpty());
  EXPECT_TRUE(bench.life(1).draining);
  bench.end(1);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(1));
}

TEST(Fleet, StopsAReplicaWhoseCallsAreOverNobodyWaitsForItsStart) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.happens([&] { bench.fleet.remove(); });
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::stop));
  EXPECT_THAT(bench.refusals, ElementsAre(Pair(1, Refusal::removed)));
  bench.happens([&] { bench.fleet.loaded(1, 1, bench.effects(), bench.now); });
  EXPECT_THAT(bench.grants, IsEmpty()) << "it loaded too late";
}

TEST(Fleet, RefusesWhatARemovedFunctionIsAsked) {
  FleetBench bench{one_at_a_time()};
  bench.happens([&] { bench.fleet.remove(); });
  bench.call(1);
  EXPECT_THAT(bench.refusals, ElementsAre(Pair(1, Refusal::removed)));
  EXPECT_THAT(bench.orders, IsEmpty());
}

// --- rollouts ---

TEST(Fleet, LetsTheOldRevisionServeUntilTheNewOneIsWarm) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.happens([&] { bench.fleet.serve(2, bench.settings); });
  ASSERT_THAT(bench.started(), ElementsAre(1, 2)) << "its successor is started though nobody waits";
  EXPECT_EQ(bench.orders.back().revision, 2u);
  bench.end(1);
  EXPECT_TRUE(bench.call(2)) << "by the old one";
  bench.loaded(2);
  EXPECT_THAT(bench.ordered(Act::stop), IsEmpty()) << "its call goes on";
  EXPECT_TRUE(bench.call(3)) << "by the new one";
  bench.end(2);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(1));
}

TEST(Fleet, LeavesTheOldRevisionServingWhileTheNewOneCannotStart) {
  auto settings = one_at_a_time();
  settings.scale.min = 1;
  FleetBench bench{settings};
  bench.loaded(1);
  bench.happens([&] { bench.fleet.serve(2, settings); });
  for (ReplicaId replica = 2; replica < 8; ++replica) {
    ASSERT_EQ(bench.started().back(), replica);
    bench.start_failed(replica);
    bench.gone(replica);
    ASSERT_TRUE(bench.fleet.wake_at());
    bench.passes(*bench.fleet.wake_at() - bench.now);
  }
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start)) << "for as long as it takes, with its min kept";
  EXPECT_TRUE(bench.call(1));
  EXPECT_THAT(bench.refusals, IsEmpty());
}

TEST(Fleet, StopsWhatAnOlderRevisionWasStillStarting) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.happens([&] { bench.fleet.serve(2, bench.settings); });
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::stop));
  EXPECT_THAT(bench.orders_of(2), ElementsAre(Act::start));
  bench.loaded(2);
  EXPECT_TRUE(bench.has_grant(1));
}

TEST(Fleet, GoesBackToAnOlderRevisionThatStillServes) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.happens([&] { bench.fleet.serve(2, bench.settings); });
  bench.happens([&] { bench.fleet.serve(1, bench.settings); });
  EXPECT_THAT(bench.orders_of(2), ElementsAre(Act::start, Act::stop));
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start));
}

// An idle function is frozen: that must not be what a failing deployment takes away.
TEST(Fleet, ThawsAnOlderRevisionUntilTheNewOneIsWarm) {
  auto settings = one_at_a_time();
  settings.freeze_after = 1s;
  FleetBench bench{settings};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(1s);
  bench.froze(1);
  bench.happens([&] { bench.fleet.serve(2, settings); });
  bench.start_failed(2);
  bench.call(2);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze, Act::thaw));
  bench.thawed(1);
  EXPECT_TRUE(bench.has_grant(2));
  EXPECT_THAT(bench.refusals, IsEmpty());
}

// --- a revision is tried before it serves, and an older one is taken back ---

TEST(Fleet, StartsACandidateBesideWhatServesAndSwitchesOnceItIsWarm) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.prepare(2);
  ASSERT_THAT(bench.started(), ElementsAre(1, 2));
  EXPECT_EQ(bench.fleet.revision(), 1u);
  EXPECT_TRUE(bench.call(2)) << "by the one that serves";
  bench.loaded(2);
  EXPECT_EQ(bench.fleet.revision(), 2u);
  EXPECT_EQ(bench.fleet.candidate(), 0u);
  EXPECT_TRUE(bench.call(3)) << "by the new one";
  bench.end(2);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(1));
}

TEST(Fleet, TriesACandidateThoughNothingLivesAndNobodyCalls) {
  FleetBench bench{one_at_a_time()};
  bench.prepare(2);
  ASSERT_THAT(bench.started(), ElementsAre(1));
  bench.loaded(1);
  EXPECT_EQ(bench.fleet.revision(), 2u);
  bench.passes(60s);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(1)) << "and it idles to cold by itself";
}

TEST(Fleet, GivesACandidateUpThatDoesNotStartAndCallsNeverSeeIt) {
  FleetBench bench{one_at_a_time()};
  bench.prepare(2);
  bench.call(1);
  ASSERT_THAT(bench.started(), ElementsAre(1, 2)) << "the call has the serving revision started";
  bench.start_failed(1);
  EXPECT_EQ(bench.fleet.candidate(), 0u);
  EXPECT_EQ(bench.fleet.revision(), 1u);
  EXPECT_EQ(bench.fleet.backoff().failures(), 0u);
  EXPECT_THAT(bench.refusals, IsEmpty());
  bench.loaded(2);
  EXPECT_TRUE(bench.has_grant(1));
  bench.passes(1min);
  EXPECT_THAT(bench.started(), SizeIs(2)) << "it is tried once";
}

TEST(Fleet, TriesACandidateThoughTheServingRevisionCannotStart) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.start_failed(1);
  ASSERT_TRUE(bench.fleet.backing_off(bench.now));
  bench.prepare(2);
  ASSERT_THAT(bench.started(), ElementsAre(1, 2));
  bench.loaded(2);
  EXPECT_FALSE(bench.fleet.backing_off(bench.now));
  EXPECT_TRUE(bench.call(2));
}

TEST(Fleet, StopsACandidateThatAnotherTakesThePlaceOf) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.prepare(2);
  bench.prepare(3);
  EXPECT_THAT(bench.orders_of(2), ElementsAre(Act::start, Act::stop));
  EXPECT_EQ(bench.orders.back().revision, 3u);
  bench.happens([&] { bench.fleet.remove(); });
  EXPECT_THAT(bench.orders_of(3), ElementsAre(Act::start, Act::stop));
}

TEST(Fleet, TakesADrainingReplicaBackAtOnce) {
  auto settings = one_at_a_time();
  settings.scale.concurrency = 3;
  FleetBench bench{settings};
  bench.call(1);
  bench.warm_one();
  bench.prepare(2);
  bench.loaded(2);
  ASSERT_TRUE(bench.life(1).draining) << "its call goes on";
  bench.prepare(1);
  EXPECT_EQ(bench.fleet.revision(), 1u);
  EXPECT_FALSE(bench.life(1).draining);
  EXPECT_THAT(bench.started(), SizeIs(2)) << "nothing is started for a rollback";
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(2));
  for (const CallId call : {2, 3}) EXPECT_TRUE(bench.call(call)) << "its free places are lent again";
  EXPECT_FALSE(bench.call(4)) << "the first is still taken";
  bench.end(1);
  EXPECT_TRUE(bench.has_grant(4));
}

TEST(Fleet, TakesADrainingReplicaBackFromEveryGateway) {
  auto settings = one_at_a_time();
  settings.scale.concurrency = 4;
  FleetBench bench{settings, 2};
  bench.call(1, 1);
  bench.warm_one();
  bench.prepare(2);
  bench.loaded(2);
  ASSERT_TRUE(bench.life(1).draining);
  bench.prepare(1);
  for (const CallId call : {2, 3}) EXPECT_TRUE(bench.call(call, 0)) << "its share was given back, and goes out again";
  EXPECT_TRUE(bench.call(4, 1));
}

TEST(Fleet, StartsAnOlderRevisionOfWhichNothingLivesBeforeItServes) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.prepare(2);
  bench.loaded(2);
  ASSERT_THAT(bench.ordered(Act::stop), ElementsAre(1));
  bench.prepare(1);
  EXPECT_EQ(bench.fleet.revision(), 2u);
  EXPECT_TRUE(bench.call(2));
  bench.loaded(3);
  EXPECT_EQ(bench.fleet.revision(), 1u);
}

// --- a successor takes the replicas over ---

TEST(Fleet, YieldsWhatNobodyUsesAndTheRestWhenItsLastCallEnds) {
  auto settings = one_at_a_time();
  settings.scale.min = 2;
  FleetBench bench{settings};
  bench.loaded(1);
  bench.loaded(2);
  bench.call(1);
  const auto busy = bench.grants[0].slot.replica;
  bench.happens([&] { bench.fleet.yield(); });
  EXPECT_THAT(bench.yielded, ElementsAre(3 - busy));
  bench.end(1);
  EXPECT_THAT(bench.yielded, ElementsAre(3 - busy, busy));
  bench.passes(1h);
  EXPECT_THAT(bench.ordered(Act::stop), IsEmpty()) << "they live on";
  EXPECT_THAT(bench.started(), SizeIs(2)) << "nothing is started in their place";
  for (const auto replica : bench.yielded) bench.happens([&] { bench.fleet.released(replica); });
  EXPECT_THAT(bench.fleet.replicas(), IsEmpty());
}

TEST(Fleet, ServesWhatItHoldsBeforeItYields) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.call(2);
  ASSERT_THAT(bench.started(), ElementsAre(1, 2));
  bench.happens([&] { bench.fleet.yield(); });
  bench.start_failed(2);
  bench.loaded(1);
  ASSERT_THAT(bench.grants, SizeIs(1));
  EXPECT_THAT(bench.yielded, IsEmpty());
}

TEST(Fleet, StartsWhileItYieldsOnlyWhatAHeldCallCannotDoWithout) {
  FleetBench bench{one_at_a_time()};
  bench.happens([&] { bench.fleet.yield(); });
  bench.call(1);
  bench.call(2);
  ASSERT_THAT(bench.started(), SizeIs(1));
  bench.loaded(1);
  bench.end(1);
  bench.end(2);
  EXPECT_THAT(bench.yielded, ElementsAre(1));
}

TEST(Fleet, StartsNothingInPlaceOfReplicasThatAreStillToCome) {
  FleetBench bench{one_at_a_time()};
  bench.happens([&] {
    bench.fleet.expect(bench.now + 500ms);
    bench.fleet.adopt(7, 1, bench.effects(), bench.now);
  });
  bench.call(1);
  bench.call(2);
  EXPECT_THAT(bench.started(), IsEmpty());
  bench.passes(500ms - 1ns);
  EXPECT_THAT(bench.started(), IsEmpty());
  bench.passes(1ns);
  EXPECT_THAT(bench.started(), SizeIs(1));
}

// --- failing ---

TEST(Fleet, RefusesAtOnceWhileItBacksOffAndTriesAgainAfter) {
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

TEST(Fleet, StartsFewTimesWhatCannotStartUnderAFloodOfCalls) {
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

TEST(Fleet, CountsABurstOfFailuresOnce) {
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

TEST(Fleet, TriesOneAtATimeUntilOneWorksAgain) {
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
TEST(Fleet, BacksOffThoughAnOlderReplicaServes) {
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

TEST(Fleet, ReplacesAReplicaThatDiedOnceAtOnceAndBacksOffWhenTheyGoOnDying) {
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
TEST(Fleet, BacksOffToWhereCallsTellOfADeathBeforeTheEngineDoes) {
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

TEST(Fleet, TakesADeathAfterALongLifeForBadLuck) {
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

TEST(Fleet, DoesNotTakeAnOlderRevisionsLongLifeForASuccess) {
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

TEST(Fleet, ForgivesWhenACallWasAnswered) {
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

TEST(Fleet, GivesAReplicaUpWhenItsConnectionsBreakInARow) {
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

TEST(Fleet, GivesUpAReplicaThatOverranAndGrantsItNoMore) {
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

// --- the engine away ---

TEST(Fleet, RefusesColdCallsAndServesWarmOnesWhileTheEngineIsAway) {
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

TEST(Fleet, TriesAgainAtOnceWhenTheEngineIsBack) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.start_failed(1);
  bench.happens([&] { bench.fleet.engine_away(true); });
  bench.happens([&] { bench.fleet.engine_away(false); });
  bench.call(2);
  EXPECT_THAT(bench.started(), SizeIs(2));
}

// --- frozen ---

FleetSettings freezing() {
  auto settings = one_at_a_time();
  settings.freeze_after = 2s;
  return settings;
}

TEST(Fleet, FreezesAReplicaThatIdlesForAMoment) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s - 1ns);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start));
  bench.passes(1ns);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze));
  EXPECT_EQ(bench.life(1).phase, Phase::freezing);
  bench.froze(1);
  EXPECT_EQ(bench.life(1).phase, Phase::frozen);
}

TEST(Fleet, ThawsAFrozenReplicaForACallRatherThanStartOne) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s);
  bench.froze(1);
  EXPECT_FALSE(bench.call(2)) << "not before it is known to be thawed";
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze, Act::thaw));
  EXPECT_THAT(bench.started(), SizeIs(1));
  bench.thawed(1);
  EXPECT_TRUE(bench.has_grant(2));
}

TEST(Fleet, ThawsAReplicaThatIsOnlyJustFreezing) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s);
  const auto freeze = bench.epoch(1);
  bench.call(2);
  bench.happens([&] { bench.fleet.froze(1, freeze, bench.now); });
  EXPECT_EQ(bench.life(1).phase, Phase::thawing) << "what the freezer says of the freeze is old";
  bench.thawed(1);
  EXPECT_TRUE(bench.has_grant(2));
}

TEST(Fleet, ThawsWithoutPatienceSinceItCostsNextToNothing) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.call(2);
  bench.loaded(1);
  bench.loaded(2);
  bench.end(1);
  bench.passes(2s);
  bench.froze(1);
  ASSERT_TRUE(bench.has_grant(2));
  bench.call(3);
  EXPECT_EQ(bench.life(1).phase, Phase::thawing);
}

TEST(Fleet, ThawsWhileItBacksOffAndWhileTheEngineIsAway) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.call(2);
  bench.loaded(1);
  bench.pool().cancel(2);
  bench.end(1);
  bench.passes(2s);
  bench.froze(1);
  bench.start_failed(2);
  ASSERT_TRUE(bench.fleet.backing_off(bench.now));
  bench.happens([&] { bench.fleet.engine_away(true); });
  EXPECT_EQ(bench.life(1).phase, Phase::thawing) << "an engine that ends could not end it";
  bench.call(3);
  bench.thawed(1);
  EXPECT_TRUE(bench.has_grant(3));
  EXPECT_THAT(bench.refusals, IsEmpty());
  bench.end(3);
  bench.passes(2s);
  EXPECT_EQ(bench.life(1).phase, Phase::warm) << "nor is it frozen before the engine is back";
  bench.happens([&] { bench.fleet.engine_away(false); });
  EXPECT_EQ(bench.life(1).phase, Phase::freezing);
}

TEST(Fleet, ThawsAFrozenReplicaBeforeItStops) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s);
  bench.froze(1);
  bench.passes(58s - 1ns);
  EXPECT_THAT(bench.orders_of(1), SizeIs(2));
  bench.passes(1ns);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze, Act::thaw, Act::stop));
}

TEST(Fleet, TriesAgainLaterWhatCouldNotBeFrozen) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s);
  bench.not_frozen(1);
  EXPECT_EQ(bench.life(1).phase, Phase::warm);
  bench.passes(1s - 1ns);
  EXPECT_THAT(bench.ordered(Act::freeze), SizeIs(1));
  bench.passes(1ns);
  EXPECT_THAT(bench.ordered(Act::freeze), SizeIs(2)) << "once the back-off is over";
  bench.not_frozen(1);
  bench.passes(2s - 1ns);
  EXPECT_THAT(bench.ordered(Act::freeze), SizeIs(2)) << "which doubles";
  bench.passes(1ns);
  bench.froze(1);
  EXPECT_EQ(bench.life(1).phase, Phase::frozen);
}

TEST(Fleet, ServesACallThatComesWhileAReplicaTurnsOutNotToBeFrozen) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s);
  bench.not_frozen(1);
  EXPECT_TRUE(bench.call(2)) << "its slots are lent again";
}

TEST(Fleet, StopsWhatIsNeverFrozenAfterItsIdleTime) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  while (bench.life(1).phase != Phase::cold && !bench.life(1).stopping) {
    ASSERT_TRUE(bench.fleet.wake_at());
    ASSERT_LE(*bench.fleet.wake_at(), Time{1h + 60s}) << "being asked is no call";
    bench.passes(*bench.fleet.wake_at() - bench.now);
    if (bench.life(1).phase == Phase::freezing) bench.not_frozen(1);
  }
  EXPECT_EQ(bench.now, Time{1h + 60s});
}

TEST(Fleet, GivesUpWhatCannotBeThawedAndGoesOnWithAnother) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s);
  bench.froze(1);
  bench.call(2);
  bench.not_thawed(1);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze, Act::thaw, Act::thaw, Act::stop));
  EXPECT_THAT(bench.started(), ElementsAre(1, 2));
  EXPECT_FALSE(bench.fleet.backing_off(bench.now)) << "it is no fault of the function's";
  bench.loaded(2);
  EXPECT_TRUE(bench.has_grant(2));
  EXPECT_THAT(bench.refusals, IsEmpty());
}

TEST(Fleet, FreezesEachRevisionAsItsOwnSettingsSay) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.happens([&] { bench.fleet.serve(2, freezing()); });
  bench.passes(10s);
  EXPECT_THAT(bench.ordered(Act::freeze), IsEmpty()) << "its successor does not start, and it is not to be frozen";
}

TEST(Fleet, GivesAwayAFrozenReplicaAsItIs) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s);
  bench.happens([&] { bench.fleet.yield(); });
  EXPECT_THAT(bench.yielded, IsEmpty()) << "not while it is being frozen";
  bench.froze(1);
  EXPECT_THAT(bench.yielded, ElementsAre(1));
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze));
}

TEST(Fleet, FreezesWhatIdlesThoughNobodySaidThatItsCallsEnded) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.settle();
  ASSERT_TRUE(bench.fleet.wake_at());
  EXPECT_LE(*bench.fleet.wake_at(), bench.now + 2s) << "not only at the idle timeout";
}

// --- adopting, stale reports ---

TEST(Fleet, AdoptsAReplicaAndLendsItAtOnce) {
  FleetBench bench{one_at_a_time()};
  bench.happens([&] { bench.fleet.adopt(77, 1, bench.effects(), bench.now); });
  EXPECT_TRUE(bench.call(1));
  EXPECT_THAT(bench.orders, IsEmpty());
  bench.end(1);
  bench.passes(60s);
  ASSERT_THAT(bench.orders, SizeIs(1));
  EXPECT_EQ(bench.orders[0].epoch, 1u) << "its first order";
}

TEST(Fleet, DropsReportsOfAnOldEpoch) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.end(1);
  bench.passes(2s);
  bench.froze(1);
  bench.call(2);
  bench.happens([&] { bench.fleet.thawed(1, bench.epoch(1) - 1, bench.effects(), bench.now); });
  bench.happens([&] { bench.fleet.gone(1, bench.epoch(1) - 1); });
  bench.happens([&] { bench.fleet.start_failed(1, 1, bench.effects(), bench.now); });
  bench.happens([&] { bench.fleet.loaded(1, 1, bench.effects(), bench.now); });
  EXPECT_EQ(bench.life(1).phase, Phase::thawing);
  EXPECT_FALSE(bench.has_grant(2));
}

TEST(Fleet, IgnoresReportsOfReplicasItDoesNotKnow) {
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

// --- two gateways ---

TEST(Fleet, DividesAReplicasSlotsAmongTheGateways) {
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

TEST(Fleet, MovesAnIdleReplicaToTheGatewayThatNeedsIt) {
  FleetBench bench{one_at_a_time(), 2};
  bench.call(1, 0);
  bench.warm_one();
  bench.end(1, 0);
  bench.call(2, 1);
  EXPECT_TRUE(bench.has_grant(2));
  EXPECT_THAT(bench.started(), SizeIs(1));
}

TEST(Fleet, LetsNoGatewayStarveBehindABusyOne) {
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

TEST(Fleet, IsNotWokenForWhatAnOldReportSaysOfThePast) {
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
TEST(Fleet, LendsNothingOfADeadReplicaThatIsGivenBackLate) {
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
