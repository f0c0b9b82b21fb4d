// One revision follows another: it is tried before it serves, and an older one is taken back.
#include "domain/fleet_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(FleetRollout, LetsTheOldRevisionServeUntilTheNewOneIsWarm) {
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

TEST(FleetRollout, LeavesTheOldRevisionServingWhileTheNewOneCannotStart) {
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

TEST(FleetRollout, StopsWhatAnOlderRevisionWasStillStarting) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.happens([&] { bench.fleet.serve(2, bench.settings); });
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::stop));
  EXPECT_THAT(bench.orders_of(2), ElementsAre(Act::start));
  bench.loaded(2);
  EXPECT_TRUE(bench.has_grant(1));
}

TEST(FleetRollout, GoesBackToAnOlderRevisionThatStillServes) {
  FleetBench bench{one_at_a_time()};
  bench.call(1);
  bench.warm_one();
  bench.happens([&] { bench.fleet.serve(2, bench.settings); });
  bench.happens([&] { bench.fleet.serve(1, bench.settings); });
  EXPECT_THAT(bench.orders_of(2), ElementsAre(Act::start, Act::stop));
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start));
}

// An idle function is frozen: that must not be what a failing deployment takes away.
TEST(FleetRollout, ThawsAnOlderRevisionUntilTheNewOneIsWarm) {
  auto settings = one_at_a_time();
  settings.freeze_after = 1s;
  FleetBench bench{settings};
  bench.frozen_one();
  bench.happens([&] { bench.fleet.serve(2, settings); });
  bench.start_failed(2);
  bench.call(2);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze, Act::thaw));
  bench.thawed(1);
  EXPECT_TRUE(bench.has_grant(2));
  EXPECT_THAT(bench.refusals, IsEmpty());
}

TEST(FleetRollout, StartsACandidateBesideWhatServesAndSwitchesOnceItIsWarm) {
  FleetBench bench{one_at_a_time()};
  bench.idle_one();
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

TEST(FleetRollout, TriesACandidateThoughNothingLivesAndNobodyCalls) {
  FleetBench bench{one_at_a_time()};
  bench.prepare(2);
  ASSERT_THAT(bench.started(), ElementsAre(1));
  bench.loaded(1);
  EXPECT_EQ(bench.fleet.revision(), 2u);
  bench.passes(60s);
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(1)) << "and it idles to cold by itself";
}

TEST(FleetRollout, GivesACandidateUpThatDoesNotStartAndCallsNeverSeeIt) {
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

TEST(FleetRollout, TriesACandidateThoughTheServingRevisionCannotStart) {
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

TEST(FleetRollout, StopsACandidateThatAnotherTakesThePlaceOf) {
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

TEST(FleetRollout, TakesADrainingReplicaBackAtOnce) {
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

TEST(FleetRollout, TakesADrainingReplicaBackFromEveryGateway) {
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

TEST(FleetRollout, StartsAnOlderRevisionOfWhichNothingLivesBeforeItServes) {
  FleetBench bench{one_at_a_time()};
  bench.idle_one();
  bench.prepare(2);
  bench.loaded(2);
  ASSERT_THAT(bench.ordered(Act::stop), ElementsAre(1));
  bench.prepare(1);
  EXPECT_EQ(bench.fleet.revision(), 2u);
  EXPECT_TRUE(bench.call(2));
  bench.loaded(3);
  EXPECT_EQ(bench.fleet.revision(), 1u);
}

}  // namespace
}  // namespace hearth::domain
