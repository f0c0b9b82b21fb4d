// One hearthd gives its replicas to the next, which adopts them.
#include "domain/fleet_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(FleetSuccession, YieldsWhatNobodyUsesAndTheRestWhenItsLastCallEnds) {
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

TEST(FleetSuccession, ServesWhatItHoldsBeforeItYields) {
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

TEST(FleetSuccession, StartsWhileItYieldsOnlyWhatAHeldCallCannotDoWithout) {
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

TEST(FleetSuccession, StartsNothingInPlaceOfReplicasThatAreStillToCome) {
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

TEST(FleetSuccession, AdoptsAReplicaAndLendsItAtOnce) {
  FleetBench bench{one_at_a_time()};
  bench.happens([&] { bench.fleet.adopt(77, 1, bench.effects(), bench.now); });
  EXPECT_TRUE(bench.call(1));
  EXPECT_THAT(bench.orders, IsEmpty());
  bench.end(1);
  bench.passes(60s);
  ASSERT_THAT(bench.orders, SizeIs(1));
  EXPECT_EQ(bench.orders[0].epoch, 1u) << "its first order";
}

TEST(FleetSuccession, GivesAwayAFrozenReplicaAsItIs) {
  FleetBench bench{freezing()};
  bench.idle_one();
  bench.passes(2s);
  bench.happens([&] { bench.fleet.yield(); });
  EXPECT_THAT(bench.yielded, IsEmpty()) << "not while it is being frozen";
  bench.froze(1);
  EXPECT_THAT(bench.yielded, ElementsAre(1));
  EXPECT_THAT(bench.orders_of(1), ElementsAre(Act::start, Act::freeze));
}

}  // namespace
}  // namespace hearth::domain
