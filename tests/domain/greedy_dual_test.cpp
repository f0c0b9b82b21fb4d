#include "domain/greedy_dual.h"

#include "domain/memory_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <chrono>
#include <map>
#include <random>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

IdleReplica replica(ReplicaId id, Bytes size, Duration start, std::uint64_t calls, Time idle_since = Time{1h}) {
  return {.function = 0, .replica = id, .size = size, .start = start, .calls = calls, .idle_since = idle_since};
}

std::vector<ReplicaId> ids(const std::vector<IdleReplica>& going) {
  std::vector<ReplicaId> found;
  for (const auto& one : going) found.push_back(one.replica);
  return found;
}

// calls × cost / size, in the paper's words: kept are those that are called often, costly to start, and small.
TEST(GreedyDual, StopsWhatIsWorthLeast) {
  GreedyDual policy;
  const auto often = replica(1, mebibytes(256), 200ms, 9);
  const auto seldom = replica(2, mebibytes(256), 200ms, 2);
  const auto costly = replica(3, mebibytes(256), 4s, 2);
  const auto big = replica(4, gibibytes(1), 200ms, 2);
  EXPECT_THAT(ids(policy.evict({often, seldom, costly, big}, gibibytes(8), Time{2h})), ElementsAre(4, 2, 1, 3));
}

TEST(GreedyDual, StopsNoMoreThanIsMissing) {
  GreedyDual policy;
  const std::vector idle{replica(1, mebibytes(128), 200ms, 1), replica(2, mebibytes(128), 200ms, 2),
                         replica(3, mebibytes(128), 200ms, 3)};
  EXPECT_THAT(ids(policy.evict(idle, {0}, Time{2h})), IsEmpty());
  EXPECT_THAT(ids(policy.evict(idle, mebibytes(100), Time{2h})), ElementsAre(1));
  EXPECT_THAT(ids(policy.evict(idle, mebibytes(129), Time{2h})), ElementsAre(1, 2));
}

// The clock: who was called a thousand times long ago is outlived by those called since.
TEST(GreedyDual, AgesWhatIsNotCalledAnyMore) {
  GreedyDual policy;
  const auto once_loved = replica(1, mebibytes(1), 1ms, 10, Time{1h});
  Time now{2h};
  ReplicaId last = 1;
  int outlived = 0;
  for (; outlived < 100; ++outlived) {
    now += 1s;
    const auto fresh = replica(++last, mebibytes(1), 1ms, 3, now);
    if (policy.evict({once_loved, fresh}, {1}, now).front().replica == 1) break;
  }
  EXPECT_EQ(outlived, 3);  // the clock: 0, 3, 6; then 9 + 3 is more than 10
}

TEST(GreedyDual, KnowsTheClockOfEachMoment) {
  GreedyDual policy;
  EXPECT_EQ(policy.clock_at(Time{5h}), 0);
  policy.evict({replica(1, mebibytes(1), 1ms, 4, Time{0h})}, {1}, Time{1h});
  policy.evict({replica(2, mebibytes(1), 1ms, 5, Time{90min})}, {1}, Time{2h});
  EXPECT_EQ(policy.clock_at(Time{59min}), 0);
  EXPECT_EQ(policy.clock_at(Time{1h}), 4);
  EXPECT_EQ(policy.clock_at(Time{3h}), 9);
}

TEST(MemoryBudget, HoldsEachFromItsStartUntilItIsGone) {
  MemoryBudget budget{mebibytes(300)};
  EXPECT_TRUE(budget.take(1, mebibytes(200)));
  EXPECT_FALSE(budget.take(2, mebibytes(101)));
  EXPECT_EQ(budget.missing(mebibytes(101)), mebibytes(1));
  budget.leaves(1);
  EXPECT_FALSE(budget.take(2, mebibytes(101)));  // not yet gone
  EXPECT_EQ(budget.missing(mebibytes(101)), mebibytes(0));
  budget.give_back(1);
  budget.give_back(1);
  EXPECT_TRUE(budget.take(2, mebibytes(101)));
  EXPECT_EQ(budget.used(), mebibytes(101));
}

TEST(MemoryBudget, CountsWhatLivesAlreadyThoughItIsTooMuch) {
  MemoryBudget budget{mebibytes(100)};
  budget.add(1, mebibytes(80));
  budget.add(2, mebibytes(80));
  budget.add(2, mebibytes(80));
  EXPECT_EQ(budget.used(), mebibytes(160));
  EXPECT_EQ(budget.free(), mebibytes(0));
  EXPECT_EQ(budget.missing(mebibytes(10)), mebibytes(70));
}

// A million events: starts that want room, calls that come and end, stops that take their time. At no time is there
// more than fits, none that is busy is chosen, and whoever waits while enough is idle gets its room.
TEST(MemoryPressure, NeverHoldsMoreThanFitsNorStopsWhatIsBusy) {
  struct One {
    Bytes size;
    bool busy = true;
    bool leaving = false;
    Time idle_since{};
  };
  std::mt19937 random{11};
  const auto total = gibibytes(4);
  MemoryBudget budget{total};
  GreedyDual policy;
  std::map<ReplicaId, One> alive;
  ReplicaId last = 0;
  Time now{1h};
  std::uint64_t started = 0;
  std::uint64_t evicted = 0;
  std::uint64_t waited = 0;
  const auto any = [&] { return std::next(alive.begin(), random() % alive.size()); };
  for (int step = 0; step < 1'000'000; ++step) {
    now += std::chrono::milliseconds{random() % 50};
    const auto what = random() % 100;
    if (what < 20) {
      const Bytes size = mebibytes(32u << (random() % 5));
      if (budget.take(++last, size)) {
        alive.emplace(last, One{.size = size});
        ++started;
      } else {
        ++waited;
        std::vector<IdleReplica> idle;
        for (const auto& [id, one] : alive) {
          if (!one.busy && !one.leaving) idle.push_back({0, id, one.size, 200ms, 1 + id % 7, one.idle_since});
        }
        const auto missing = budget.missing(size);
        std::uint64_t freed = 0;
        for (const auto& victim : policy.evict(idle, missing, now)) {
          auto& one = alive.at(victim.replica);
          ASSERT_FALSE(one.busy);
          ASSERT_FALSE(one.leaving);
          one.leaving = true;
          budget.leaves(victim.replica);
          freed += one.size.count;
          ++evicted;
        }
        std::uint64_t could = 0;
        for (const auto& one : idle) could += one.size.count;
        ASSERT_GE(freed, std::min(could, missing.count));
        ASSERT_EQ(budget.missing(size).count, missing.count > freed ? missing.count - freed : 0);
      }
    } else if (!alive.empty()) {
      const auto chosen = any();
      auto& one = chosen->second;
      if (one.leaving) {
        budget.give_back(chosen->first);
        alive.erase(chosen);
      } else {
        one.busy = !one.busy;
        one.idle_since = now;
      }
    }
    ASSERT_LE(budget.used(), total);
    if (step % 1'000 == 0) {
      std::uint64_t sum = 0;
      for (const auto& [id, each] : alive) sum += each.size.count;
      ASSERT_EQ(sum, budget.used().count);
    }
  }
  EXPECT_GT(started, 50'000u);
  EXPECT_GT(evicted, 50'000u);
  EXPECT_GT(waited, 50'000u);
}

}  // namespace
}  // namespace hearth::domain
