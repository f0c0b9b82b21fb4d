#include "domain/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Time kStart{};
constexpr Time kLate = kStart + 1h;

std::optional<Slot> granted(Pool& pool, CallId call, std::uint32_t thread = 0, Time now = kStart) {
  const auto answer = pool.call_arrived(call, kLate, thread, now);
  const auto* grant = std::get_if<Grant>(&answer);
  return grant ? std::optional{grant->slot} : std::nullopt;
}

std::optional<Refusal> refused(const std::variant<Grant, Held, Refusal>& answer) {
  const auto* refusal = std::get_if<Refusal>(&answer);
  return refusal ? std::optional{*refusal} : std::nullopt;
}

std::vector<CallId> calls(const std::vector<Grant>& grants) {
  std::vector<CallId> found;
  for (const auto& grant : grants) found.push_back(grant.call);
  return found;
}

TEST(Pool, HoldsACallUntilAReplicaIsLent) {
  Pool pool{10, 1};
  EXPECT_TRUE(std::holds_alternative<Held>(pool.call_arrived(7, kLate, 0, kStart)));
  EXPECT_EQ(pool.held(), 1u);

  const auto grants = pool.lend(1, 0, 4, kStart + 40ms);

  ASSERT_THAT(calls(grants), ElementsAre(7));
  EXPECT_EQ(grants[0].slot.replica, 1u);
  EXPECT_EQ(grants[0].held, 40ms);
  EXPECT_EQ(pool.held(), 0u);
  EXPECT_EQ(pool.in_flight(), 1u);
}

TEST(Pool, GrantsHeldCallsInTheOrderTheyCame) {
  Pool pool{10, 2};
  for (CallId call = 1; call <= 3; ++call) pool.call_arrived(call, kLate, call % 2, kStart);
  const auto grants = pool.lend(1, 0, 2, kStart);
  ASSERT_THAT(calls(grants), ElementsAre(1, 2));
  EXPECT_EQ(grants[0].thread, 1u) << "a grant goes to the thread that its call came by";
  const auto ended = pool.call_ended(grants[0].slot, 1, kStart);
  ASSERT_TRUE(ended.next);
  EXPECT_EQ(ended.next->call, 3u);
  EXPECT_EQ(ended.next->slot, grants[0].slot);
}

// A slot whose call ended on thread 0 goes on to one of two held calls: 2 came by thread 1, then 3 by thread `other`.
CallId next_of(Duration between, std::uint32_t other, Time deadline = kLate) {
  Pool pool{10, 2};
  pool.lend(1, 0, 1, kStart);
  const auto busy = *granted(pool, 1, 0);
  pool.call_arrived(2, kLate, 1, kStart);
  pool.call_arrived(3, deadline, other, kStart + between);
  return pool.call_ended(busy, 0, kStart + 1s).next->call;
}

TEST(Pool, GoesOnToACallOfTheSameThreadThatCameNearlyAsEarly) {
  EXPECT_EQ(next_of(0ms, 0), 3u);
  EXPECT_EQ(next_of(1ms, 0), 3u);
  EXPECT_EQ(next_of(1ms, 1), 2u) << "none is of that thread";
}

TEST(Pool, LetsNoCallGoBeforeOneThatCameMuchEarlier) { EXPECT_EQ(next_of(1ms + 1ns, 0), 2u); }

TEST(Pool, LetsNoCallGoFirstWhoseDeadlineHasCome) { EXPECT_EQ(next_of(1ms, 0, kStart + 1s), 2u); }

TEST(Pool, GrantsEachLentSlotOnce) {
  Pool pool{10, 1};
  pool.lend(1, 4, 3, kStart);
  std::set<std::uint32_t> indices;
  for (CallId call = 1; call <= 3; ++call) indices.insert(granted(pool, call)->index);
  EXPECT_EQ(indices, (std::set<std::uint32_t>{4, 5, 6}));
  EXPECT_FALSE(granted(pool, 4));
}

TEST(Pool, RefusesWhatItCannotHold) {
  Pool pool{2, 1};
  pool.call_arrived(1, kLate, 0, kStart);
  pool.call_arrived(2, kLate, 0, kStart);
  EXPECT_EQ(refused(pool.call_arrived(3, kLate, 0, kStart)), Refusal::queue_full);
  EXPECT_EQ(pool.held(), 2u);
}

TEST(Pool, RefusesACallWhoseDeadlineHasCome) {
  Pool pool{2, 1};
  pool.lend(1, 0, 1, kStart);
  EXPECT_EQ(refused(pool.call_arrived(1, kStart, 0, kStart)), Refusal::deadline);
}

TEST(Pool, GivesAThreadTheSlotThatItUsedLast) {
  Pool pool{10, 2};
  pool.lend(1, 0, 2, kStart);
  const auto mine = *granted(pool, 1, 0);
  const auto other = *granted(pool, 2, 1);
  pool.call_ended(mine, 0, kStart);
  pool.call_ended(other, 1, kStart);
  EXPECT_EQ(granted(pool, 3, 1), other);
  EXPECT_EQ(granted(pool, 4, 0), mine);
}

TEST(Pool, GivesAThreadASlotThatNobodyUsedBeforeAnotherThreads) {
  Pool pool{10, 2};
  pool.lend(1, 0, 2, kStart);
  const auto other = *granted(pool, 1, 1);
  pool.call_ended(other, 1, kStart);
  EXPECT_NE(granted(pool, 2, 0), other);
  EXPECT_EQ(granted(pool, 3, 0), other) << "rather another thread's than none";
}

TEST(Pool, TakesOutACallThatLeft) {
  Pool pool{10, 1};
  pool.call_arrived(1, kLate, 0, kStart);
  pool.call_arrived(2, kLate, 0, kStart);
  EXPECT_TRUE(pool.cancel(1));
  EXPECT_FALSE(pool.cancel(1)) << "it left already";
  EXPECT_THAT(calls(pool.lend(1, 0, 2, kStart)), ElementsAre(2));
  EXPECT_FALSE(pool.cancel(2)) << "it was granted";
}

TEST(Pool, ExpiresACallExactlyAtItsDeadline) {
  Pool pool{10, 1};
  pool.call_arrived(1, kStart + 3s, 0, kStart);
  pool.call_arrived(2, kStart + 2s, 0, kStart);
  EXPECT_EQ(pool.wake_at(), kStart + 2s) << "the earliest, whoever came first";
  EXPECT_THAT(pool.expire(kStart + 2s - 1ns), IsEmpty());
  EXPECT_THAT(pool.expire(kStart + 2s), ElementsAre(2));
  EXPECT_EQ(pool.wake_at(), kStart + 3s);
  EXPECT_THAT(pool.expire(kStart + 9s), ElementsAre(1));
  EXPECT_EQ(pool.wake_at(), std::nullopt);
}

TEST(Pool, GrantsNothingToACallWhoseDeadlineHasCome) {
  Pool pool{10, 1};
  pool.lend(1, 0, 1, kStart);
  const auto busy = *granted(pool, 1);
  pool.call_arrived(2, kStart + 1s, 0, kStart);
  pool.call_arrived(3, kStart + 5s, 0, kStart);
  const auto ended = pool.call_ended(busy, 0, kStart + 1s);
  ASSERT_TRUE(ended.next);
  EXPECT_EQ(ended.next->call, 3u);
  EXPECT_THAT(calls(pool.lend(2, 0, 1, kStart + 1s)), IsEmpty());
  EXPECT_THAT(pool.expire(kStart + 1s), ElementsAre(2)) << "it is still answered";
}

TEST(Pool, GivesAnIdleReplicaBackAtOnce) {
  Pool pool{10, 1};
  pool.lend(1, 0, 2, kStart);
  EXPECT_TRUE(pool.reclaim(1));
  EXPECT_FALSE(granted(pool, 1)) << "it is not the pool's any more";
}

TEST(Pool, GivesABusyReplicaBackWhenItsLastCallEnds) {
  Pool pool{10, 1};
  pool.lend(1, 0, 3, kStart);
  const auto first = *granted(pool, 1);
  const auto second = *granted(pool, 2);
  EXPECT_FALSE(pool.reclaim(1));
  EXPECT_FALSE(granted(pool, 3)) << "its free slot is not given out any more";
  EXPECT_EQ(pool.call_ended(first, 0, kStart).given_back, std::nullopt);
  const auto ended = pool.call_ended(second, 0, kStart);
  EXPECT_EQ(ended.given_back, 1u);
  EXPECT_FALSE(ended.next) << "though a call is held";
  EXPECT_EQ(pool.held(), 1u);
}

TEST(Pool, GivesALendingBackOnce) {
  Pool pool{10, 1};
  pool.lend(9, 0, 1, kStart);
  EXPECT_TRUE(pool.reclaim(9));
  EXPECT_FALSE(pool.reclaim(9)) << "the fleet asked again before it heard of the first";
}

TEST(Pool, GrantsAgainWhatIsNotWantedBackAnyMore) {
  Pool pool{10, 1};
  pool.lend(1, 0, 3, kStart);
  const auto first = *granted(pool, 1);
  const auto second = *granted(pool, 2);
  pool.reclaim(1);
  pool.call_ended(second, 0, kStart);
  EXPECT_FALSE(granted(pool, 3));
  ASSERT_THAT(pool.recall(1, kStart), testing::SizeIs(1)) << "the held call is granted what was free";
  EXPECT_TRUE(granted(pool, 4));
  EXPECT_FALSE(granted(pool, 5)) << "the first call's place is taken still";
  EXPECT_TRUE(pool.call_ended(first, 0, kStart).next);
  EXPECT_TRUE(pool.recall(7, kStart).empty());
}

TEST(Pool, CanBeLentAReplicaAgain) {
  Pool pool{10, 1};
  pool.lend(1, 0, 1, kStart);
  pool.reclaim(1);
  pool.lend(1, 0, 1, kStart + 1s);
  EXPECT_TRUE(granted(pool, 1));
  EXPECT_FALSE(granted(pool, 2));
}

TEST(Pool, GrantsNothingOfALostReplica) {
  Pool pool{10, 1};
  pool.lend(1, 0, 2, kStart);
  const auto slot = *granted(pool, 1);
  pool.lost(1);
  EXPECT_FALSE(granted(pool, 2));
  const auto ended = pool.call_ended(slot, 0, kStart);
  EXPECT_FALSE(ended.next) << "a dead replica's slot must not go on to the next call";
  EXPECT_FALSE(ended.given_back);
  EXPECT_EQ(pool.in_flight(), 0u);
}

// A call may end long after its replica was lost, and its place must not have become another's meanwhile.
TEST(Pool, KeepsTheCallsOfALostReplicaApartFromANewOne) {
  Pool pool{10, 1};
  pool.lend(1, 0, 1, kStart);
  const auto old = *granted(pool, 1);
  pool.lost(1);
  pool.lend(2, 0, 1, kStart);
  const auto fresh = *granted(pool, 2);
  EXPECT_NE(fresh.place, old.place);
  pool.call_ended(old, 0, kStart);
  EXPECT_FALSE(granted(pool, 3)) << "the only slot is in use";
  EXPECT_EQ(pool.in_flight(), 1u);
}

TEST(Pool, UsesThePlacesOfTheDeadAgain) {
  Pool pool{10, 1};
  for (ReplicaId replica = 1; replica <= 1000; ++replica) {
    const auto grants = pool.lend(replica, 0, 1, kStart);
    EXPECT_LT(granted(pool, replica)->place, 1u) << "what is over must be forgotten";
    pool.lost(replica);
    pool.call_ended({replica, 0, 0}, 0, kStart);
  }
}

TEST(Pool, RefusesAllAtOnce) {
  Pool pool{10, 1};
  for (CallId call = 1; call <= 3; ++call) pool.call_arrived(call, kLate, 0, kStart);
  EXPECT_THAT(pool.refuse_all(), ElementsAre(1, 2, 3));
  EXPECT_EQ(pool.held(), 0u);
  EXPECT_THAT(pool.lend(1, 0, 3, kStart), IsEmpty());
}

TEST(Pool, ReportsHowLongItsCallsHaveWaited) {
  Pool pool{10, 1};
  pool.call_arrived(1, kLate, 0, kStart);
  pool.call_arrived(2, kLate, 0, kStart + 50ms);
  pool.call_arrived(3, kLate, 0, kStart + 80ms);
  const auto report = pool.report(100ms, kStart + 100ms);
  EXPECT_EQ(report.held, 3u);
  EXPECT_EQ(report.held_long, 1u);
  EXPECT_EQ(report.next_long, kStart + 150ms);
  EXPECT_EQ(pool.report(100ms, kStart + 1s).next_long, std::nullopt);
}

TEST(Pool, ReportsItsReplicasAndSinceWhenTheyIdle) {
  Pool pool{10, 1};
  pool.lend(1, 0, 2, kStart);
  pool.lend(2, 0, 1, kStart + 1s);
  const auto slot = *granted(pool, 1, 0, kStart + 2s);
  auto report = pool.report(100ms, kStart + 2s);
  EXPECT_EQ(report.free, 2u);
  EXPECT_EQ(report.in_flight, 1u);
  ASSERT_EQ(report.replicas.size(), 2u);
  pool.call_ended(slot, 0, kStart + 5s);
  report = pool.report(100ms, kStart + 5s);
  for (const auto& replica : report.replicas) {
    EXPECT_EQ(replica.in_flight, 0u);
    EXPECT_EQ(replica.idle_since, replica.id == slot.replica ? kStart + 5s : Time{}) << "of no call since it was lent";
  }
  pool.lost(1);
  pool.reclaim(2);
  EXPECT_THAT(pool.report(100ms, kStart + 5s).replicas, IsEmpty());
  EXPECT_EQ(pool.report(100ms, kStart + 5s).free, 0u);
}

}  // namespace
}  // namespace hearth::domain
