#include "domain/start_turns.h"

#include <gtest/gtest.h>

#include <vector>

namespace hearth::domain {
namespace {

// Three starts at once, in 512 MiB.
struct Turns : StartTurns<int> {
  Turns() : StartTurns<int>(3, mebibytes(512)) {}
  std::vector<ReplicaId> take_all() {
    std::vector<ReplicaId> taken;
    while (const auto next = take()) taken.push_back(next->second);
    return taken;
  }
};

using Taken = std::vector<ReplicaId>;

TEST(StartTurns, WhoeverIsFirstWaitsForMemoryAndNobodyPasses) {
  Turns turns;
  turns.want(0, 1, mebibytes(300));
  turns.want(1, 2, mebibytes(300));
  turns.want(2, 3, mebibytes(10));
  EXPECT_EQ(turns.take_all(), (Taken{1}));
  EXPECT_TRUE(turns.short_of_memory());
  turns.gone(1);
  EXPECT_EQ(turns.take_all(), (Taken{2, 3}));
  EXPECT_FALSE(turns.short_of_memory());
}

TEST(StartTurns, AreNotShortOfMemoryWhereOnlyTheNumberIsReached) {
  Turns turns;
  for (ReplicaId replica = 1; replica <= 3; ++replica) turns.want(0, replica, mebibytes(10));
  turns.want(0, 4, mebibytes(512));
  EXPECT_EQ(turns.take_all(), (Taken{1, 2, 3}));
  EXPECT_FALSE(turns.short_of_memory());
  turns.done();
  EXPECT_EQ(turns.take_all(), Taken{});
  EXPECT_TRUE(turns.short_of_memory());
}

TEST(StartTurns, WhatWouldNeverFitHasItsTurnAtOnceAndHoldsNothing) {
  Turns turns;
  turns.want(0, 1, mebibytes(513));
  turns.want(1, 2, mebibytes(512));
  EXPECT_EQ(turns.take_all(), (Taken{1, 2}));
}

TEST(StartTurns, MissesWhatAllThatWaitWantBeyondWhatComesFreeAnyway) {
  Turns turns;
  turns.holds(10, mebibytes(200));
  turns.holds(11, mebibytes(300));
  turns.want(0, 1, mebibytes(100));
  turns.want(1, 2, mebibytes(300));
  EXPECT_EQ(turns.take_all(), Taken{});
  EXPECT_EQ(turns.missing(), mebibytes(388));
  turns.leaves(11);
  EXPECT_EQ(turns.missing(), mebibytes(88));
  EXPECT_TRUE(turns.drop(1, 2));
  EXPECT_FALSE(turns.drop(1, 2));
  EXPECT_EQ(turns.missing(), mebibytes(0));
  turns.gone(11);
  EXPECT_EQ(turns.take_all(), (Taken{1}));
}

TEST(StartTurns, MissNothingOnceNobodyWaits) {
  Turns turns;
  turns.want(0, 1, mebibytes(512));
  EXPECT_EQ(turns.take_all(), (Taken{1}));
  EXPECT_EQ(turns.missing(), mebibytes(0));
}

}  // namespace
}  // namespace hearth::domain
