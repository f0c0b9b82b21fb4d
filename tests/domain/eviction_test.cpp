#include "domain/eviction.h"

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

constexpr Time kNow{10h};

// Called so often since the beginning, and idle since.
IdleReplica replica(ReplicaId id, Bytes size, Duration start, std::uint64_t calls, Time idle_since = kNow - 1s) {
  return {.function = 0,
          .replica = id,
          .size = size,
          .start = start,
          .calls = calls,
          .first_call = Time{},
          .idle_since = idle_since};
}

std::vector<ReplicaId> ids(const std::vector<IdleReplica>& going) {
  std::vector<ReplicaId> found;
  for (const auto& one : going) found.push_back(one.replica);
  return found;
}

TEST(Eviction, KeepsWhatIsCalledOftenCostlyToStartAndSmall) {
  const auto often = replica(1, mebibytes(256), 200ms, 9);
  const auto seldom = replica(2, mebibytes(256), 200ms, 2);
  const auto costly = replica(3, mebibytes(256), 4s, 2);
  const auto big = replica(4, gibibytes(1), 200ms, 2);
  EXPECT_THAT(ids(worth_least({often, seldom, costly, big}, gibibytes(8), kNow)), ElementsAre(4, 2, 1, 3));
}

TEST(Eviction, StopsNoMoreThanIsMissing) {
  const std::vector idle{replica(1, mebibytes(128), 200ms, 1), replica(2, mebibytes(128), 200ms, 2),
                         replica(3, mebibytes(128), 200ms, 3)};
  EXPECT_THAT(ids(worth_least(idle, {0}, kNow)), IsEmpty());
  EXPECT_THAT(ids(worth_least(idle, mebibytes(100), kNow)), ElementsAre(1));
  EXPECT_THAT(ids(worth_least(idle, mebibytes(129), kNow)), ElementsAre(1, 2));
  EXPECT_THAT(worth_least({}, mebibytes(1), kNow), IsEmpty());
}

// As often as since it is known, and less where it idles for longer than that suggests.
TEST(Eviction, TakesTheLowerOfTwoRates) {
  const auto hourly = [](Duration idle) { return replica(1, mebibytes(1), 1ms, 10, kNow - idle); };
  EXPECT_DOUBLE_EQ(worth(hourly(1s), kNow), 1 / 3'600.0);
  EXPECT_DOUBLE_EQ(worth(hourly(1h), kNow), 1 / 3'600.0);
  EXPECT_DOUBLE_EQ(worth(hourly(2h), kNow), 1 / 7'200.0);
}

TEST(Eviction, OutlivesOnceLovedWhatIsCalledNow) {
  const auto once_loved = replica(1, mebibytes(1), 1ms, 1'000'000, kNow - 1h);
  const auto quarterly = replica(2, mebibytes(1), 1ms, 40, kNow - 10s);
  EXPECT_THAT(ids(worth_least({quarterly, once_loved}, {1}, kNow)), ElementsAre(1));
}

TEST(Eviction, WhoWasNeverCalledIsWorthAsMuchAsACallWhenItWasMade) {
  const auto made = [](ReplicaId id, Duration ago) { return replica(id, mebibytes(1), 1ms, 0, kNow - ago); };
  EXPECT_THAT(ids(worth_least({made(1, 1min), made(2, 2min)}, mebibytes(2), kNow)), ElementsAre(2, 1));
  EXPECT_GT(worth(made(1, 1ms), kNow + 0s), 0);
  EXPECT_GT(worth(replica(1, {0}, 1ms, 1, kNow), kNow), 0) << "no size, idle for no time";
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
          if (!one.busy && !one.leaving) idle.push_back({0, id, one.size, 200ms, 1 + id % 7, Time{1h}, one.idle_since});
        }
        const auto missing = budget.missing(size);
        std::uint64_t freed = 0;
        for (const auto& victim : worth_least(idle, missing, now)) {
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
