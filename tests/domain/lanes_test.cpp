#include "domain/lanes.h"

#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

Order order(Act act, ReplicaId replica, std::uint32_t epoch) {
  return {.act = act, .replica = replica, .revision = 1, .epoch = epoch};
}

TEST(Lanes, RunsAnOrderAtOnceWhereNoneIsRunning) {
  Lanes lanes;
  EXPECT_EQ(lanes.push(order(Act::start, 1, 1))->epoch, 1u);
  EXPECT_EQ(lanes.push(order(Act::start, 2, 1))->replica, 2u) << "other replicas run beside it";
}

TEST(Lanes, HoldsAnOrderUntilTheOneBeforeItIsFinished) {
  Lanes lanes;
  lanes.push(order(Act::start, 1, 1));
  EXPECT_FALSE(lanes.push(order(Act::freeze, 1, 2)));
  EXPECT_FALSE(lanes.push(order(Act::stop, 1, 3)));
  EXPECT_EQ(lanes.finished(1)->act, Act::freeze);
  EXPECT_EQ(lanes.finished(1)->act, Act::stop);
}

TEST(Lanes, RunsOrdersAsTheyWereDecidedThoughTheyArriveOtherwise) {
  Lanes lanes;
  EXPECT_FALSE(lanes.push(order(Act::stop, 1, 3)));
  EXPECT_FALSE(lanes.push(order(Act::thaw, 1, 2)));
  EXPECT_EQ(lanes.push(order(Act::start, 1, 1))->act, Act::start);
  EXPECT_EQ(lanes.finished(1)->act, Act::thaw);
  EXPECT_EQ(lanes.finished(1)->act, Act::stop);
}

TEST(Lanes, WaitsForAnOrderThatIsStillOnItsWay) {
  Lanes lanes;
  lanes.push(order(Act::start, 1, 1));
  lanes.push(order(Act::stop, 1, 3));
  EXPECT_FALSE(lanes.finished(1)) << "the second is missing";
  EXPECT_EQ(lanes.push(order(Act::thaw, 1, 2))->act, Act::thaw);
}

TEST(Lanes, ForgetsAReplicaOnlyOnceItsStopIsFinished) {
  Lanes lanes;
  lanes.push(order(Act::start, 1, 1));
  EXPECT_FALSE(lanes.finished(1));
  EXPECT_EQ(lanes.size(), 1u) << "its next order must not be taken for its first";
  lanes.push(order(Act::stop, 1, 2));
  EXPECT_FALSE(lanes.finished(1));
  EXPECT_EQ(lanes.size(), 0u);
}

TEST(Lanes, TellsWhetherAStopWaits) {
  Lanes lanes;
  EXPECT_FALSE(lanes.stop_waits(1));
  lanes.push(order(Act::start, 1, 1));
  lanes.push(order(Act::freeze, 1, 2));
  EXPECT_FALSE(lanes.stop_waits(1));
  lanes.push(order(Act::stop, 1, 3));
  EXPECT_TRUE(lanes.stop_waits(1));
  lanes.finished(1);
  lanes.finished(1);
  EXPECT_FALSE(lanes.stop_waits(1)) << "it runs";
}

TEST(Lanes, SaysNothingOfAReplicaItDoesNotKnow) {
  Lanes lanes;
  EXPECT_FALSE(lanes.finished(7));
  EXPECT_EQ(lanes.size(), 0u);
}

}  // namespace
}  // namespace hearth::domain
