#include "domain/fleet_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(FleetFreezing, FreezesAReplicaThatIdlesForAMoment) {
  FleetBench bench{freezing()};
  bench.idle_one();
  bench.passes(2s - 1ns);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start));
  bench.passes(1ns);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze));
  EXPECT_EQ(bench.life(1).phase, Phase::freezing);
  bench.froze(1);
  EXPECT_EQ(bench.life(1).phase, Phase::frozen);
}

TEST(FleetFreezing, ThawsAFrozenReplicaForACallRatherThanStartOne) {
  FleetBench bench{freezing()};
  bench.frozen_one();
  EXPECT_FALSE(bench.call(2)) << "not before it is known to be thawed";
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze, Act::thaw));
  EXPECT_THAT(bench.started(), SizeIs(1));
  bench.thawed(1);
  EXPECT_TRUE(bench.has_grant(2));
}

TEST(FleetFreezing, ThawsAReplicaThatIsOnlyJustFreezing) {
  FleetBench bench{freezing()};
  bench.idle_one();
  bench.passes(2s);
  const auto freeze = bench.epoch(1);
  bench.call(2);
  bench.happens([&] { bench.fleet.froze(1, freeze, bench.now); });
  EXPECT_EQ(bench.life(1).phase, Phase::thawing) << "what the freezer says of the freeze is old";
  bench.thawed(1);
  EXPECT_TRUE(bench.has_grant(2));
}

TEST(FleetFreezing, ThawsWithoutPatienceSinceItCostsNextToNothing) {
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

TEST(FleetFreezing, ThawsWhileItBacksOffAndWhileTheEngineIsAway) {
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

TEST(FleetFreezing, ThawsAFrozenReplicaBeforeItStops) {
  FleetBench bench{freezing()};
  bench.frozen_one();
  bench.passes(58s - 1ns);
  EXPECT_THAT(bench.orders_of(1), SizeIs(2));
  bench.passes(1ns);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze, Act::thaw, Act::stop));
}

TEST(FleetFreezing, TriesAgainLaterWhatCouldNotBeFrozen) {
  FleetBench bench{freezing()};
  bench.idle_one();
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

TEST(FleetFreezing, ServesACallThatComesWhileAReplicaTurnsOutNotToBeFrozen) {
  FleetBench bench{freezing()};
  bench.idle_one();
  bench.passes(2s);
  bench.not_frozen(1);
  EXPECT_TRUE(bench.call(2)) << "its slots are lent again";
}

TEST(FleetFreezing, StopsWhatIsNeverFrozenAfterItsIdleTime) {
  FleetBench bench{freezing()};
  bench.idle_one();
  while (bench.life(1).phase != Phase::cold && !bench.life(1).stopping) {
    ASSERT_TRUE(bench.fleet.wake_at());
    ASSERT_LE(*bench.fleet.wake_at(), Time{1h + 60s}) << "being asked is no call";
    bench.passes(*bench.fleet.wake_at() - bench.now);
    if (bench.life(1).phase == Phase::freezing) bench.not_frozen(1);
  }
  EXPECT_EQ(bench.now, Time{1h + 60s});
}

TEST(FleetFreezing, GivesUpWhatCannotBeThawedAndGoesOnWithAnother) {
  FleetBench bench{freezing()};
  bench.frozen_one();
  bench.call(2);
  bench.not_thawed(1);
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze, Act::thaw, Act::thaw, Act::stop));
  EXPECT_THAT(bench.started(), ElementsAre(1, 2));
  EXPECT_FALSE(bench.fleet.backing_off(bench.now)) << "it is no fault of the function's";
  bench.loaded(2);
  EXPECT_TRUE(bench.has_grant(2));
  EXPECT_THAT(bench.refusals, IsEmpty());
}

TEST(FleetFreezing, FreezesEachRevisionAsItsOwnSettingsSay) {
  FleetBench bench{one_at_a_time()};
  bench.idle_one();
  bench.happens([&] { bench.fleet.serve(2, freezing()); });
  bench.passes(10s);
  EXPECT_THAT(bench.ordered(Act::freeze), IsEmpty()) << "its successor does not start, and it is not to be frozen";
}

TEST(FleetFreezing, FreezesWhatIdlesThoughNobodySaidThatItsCallsEnded) {
  FleetBench bench{freezing()};
  bench.call(1);
  bench.warm_one();
  bench.settle();
  ASSERT_TRUE(bench.fleet.wake_at());
  EXPECT_LE(*bench.fleet.wake_at(), bench.now + 2s) << "not only at the idle timeout";
}

}  // namespace
}  // namespace hearth::domain
