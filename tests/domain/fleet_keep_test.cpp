#include "domain/fleet.h"

#include "domain/fleet_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <chrono>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

FleetSettings settings(std::uint32_t min = 0, std::uint32_t concurrency = 1) {
  FleetSettings settings;
  settings.scale.min = min;
  settings.scale.concurrency = concurrency;
  settings.scale.idle_timeout = 5min;
  settings.scale.patience = 100ms;
  return settings;
}

std::vector<ReplicaId> spare(FleetBench& bench) {
  const auto report = bench.pool().report(100ms, bench.now);
  std::vector<ReplicaId> found;
  for (const auto& one : bench.fleet.spare({&report, 1})) found.push_back(one.replica);
  return found;
}

bool evict(FleetBench& bench, ReplicaId replica) {
  const auto report = bench.pool().report(100ms, bench.now);
  const bool gone = bench.fleet.evict(replica, {&report, 1}, bench.effects(), bench.now);
  bench.settle();
  return gone;
}

// Calls that come together, each on a replica of its own.
std::vector<ReplicaId> warm(FleetBench& bench, std::size_t count) {
  for (CallId call = 1; call <= count; ++call) bench.call(call);
  auto started = bench.started();
  for (const auto replica : started) bench.loaded(replica);
  return started;
}

TEST(FleetKeep, TheLastReplicaStaysForAsLongAsThePlanSays) {
  FleetBench bench{settings()};
  warm(bench, 1);
  bench.end(1);
  bench.fleet.keep({.keep = 2h}, bench.now);
  bench.settle();
  bench.passes(2h - 1ms);
  EXPECT_THAT(bench.ordered(Act::stop), IsEmpty());
  bench.passes(1ms);
  EXPECT_THAT(bench.ordered(Act::stop), SizeIs(1));
}

TEST(FleetKeep, ThoseBesideItStayForTheIdleTimeout) {
  FleetBench bench{settings()};
  warm(bench, 3);
  for (CallId call = 1; call <= 3; ++call) bench.end(call);
  bench.fleet.keep({.keep = 2h}, bench.now);
  bench.settle();
  bench.passes(5min);
  EXPECT_THAT(bench.ordered(Act::stop), SizeIs(2));
  bench.passes(2h - 5min);
  EXPECT_THAT(bench.ordered(Act::stop), SizeIs(3));
}

TEST(FleetKeep, OneIsMadeBeforeItIsAskedForAndGoesWhenNobodyCame) {
  FleetBench bench{settings()};
  warm(bench, 1);
  bench.end(1);
  bench.fleet.keep({.keep = 1min, .again = KeepPlan::Window{54min, 67min}}, bench.now);
  bench.settle();
  bench.passes(1min);
  ASSERT_THAT(bench.ordered(Act::stop), SizeIs(1));
  bench.gone(bench.started().front());
  EXPECT_EQ(bench.fleet.wake_at(), bench.now + 53min);
  bench.passes(53min - 1ms);
  EXPECT_THAT(bench.started(), SizeIs(1));
  bench.passes(1ms);
  ASSERT_THAT(bench.started(), SizeIs(2));
  bench.loaded(bench.started().back());
  EXPECT_EQ(bench.fleet.wake_at(), bench.now + 13min);
  bench.passes(13min - 1ms);
  EXPECT_THAT(bench.ordered(Act::stop), SizeIs(1));
  bench.passes(1ms);
  EXPECT_THAT(bench.ordered(Act::stop), SizeIs(2));
}

TEST(FleetKeep, ACallFindsWhatWasMadeForIt) {
  FleetBench bench{settings()};
  bench.fleet.keep({.keep = 1min, .again = KeepPlan::Window{10min, 20min}}, bench.now);
  bench.passes(10min);
  bench.loaded(bench.started().back());
  bench.passes(3min);
  EXPECT_TRUE(bench.call(1));
}

TEST(FleetKeep, NothingIsMadeForAFunctionThatLeaves) {
  FleetBench bench{settings()};
  bench.fleet.keep({.keep = 1min, .again = KeepPlan::Window{10min, 20min}}, bench.now);
  bench.happens([&] { bench.fleet.yield(); });
  bench.passes(15min);
  EXPECT_THAT(bench.started(), IsEmpty());
}

TEST(FleetKeep, SpareIsWhatIdlesBeyondTheMinimumLongestFirst) {
  FleetBench bench{settings(1)};
  const auto replicas = warm(bench, 3);
  EXPECT_THAT(spare(bench), IsEmpty());  // all are busy
  bench.passes(1s);
  bench.end(2);
  bench.passes(1s);
  bench.end(1);
  EXPECT_THAT(spare(bench), ElementsAre(replicas[1], replicas[0]));
  bench.passes(1s);
  bench.end(3);
  EXPECT_THAT(spare(bench), ElementsAre(replicas[1], replicas[0]));  // one is promised
}

TEST(FleetKeep, OneThatMakesRoomEndsAtOnceAndABusyOneDoesNot) {
  FleetBench bench{settings()};
  const auto replicas = warm(bench, 2);
  bench.end(1);
  EXPECT_FALSE(evict(bench, replicas[1]));
  EXPECT_FALSE(evict(bench, 77));
  EXPECT_TRUE(evict(bench, replicas[0]));
  EXPECT_THAT(bench.ordered(Act::stop), ElementsAre(replicas[0]));
  EXPECT_FALSE(evict(bench, replicas[0]));
}

TEST(FleetKeep, NothingIsSpareWhileCallsAreHeld) {
  FleetBench bench{settings()};
  warm(bench, 1);
  bench.end(1);
  bench.pool().reclaim(bench.started().front());  // nothing free, so that the next one is held
  bench.pool().call_arrived(2, bench.now + 1h, 0, bench.now);
  EXPECT_THAT(spare(bench), IsEmpty());
}

}  // namespace
}  // namespace hearth::domain
