#include "sim/world.h"

#include "sim/made_trace.h"

#include <gtest/gtest.h>
#include <chrono>
#include <vector>

namespace hearth::sim {
namespace {

using namespace std::chrono_literals;
using domain::Duration;
using domain::Time;

// A trace that stands in the test.
class WrittenTrace final : public Trace {
 public:
  WrittenTrace(std::vector<std::vector<Call>> calls, Duration length)
      : calls_(std::move(calls)), memory_(calls_.size(), domain::gibibytes(1)), length_(length) {}
  const std::vector<domain::Bytes>& functions() const override { return memory_; }
  Duration length() const override { return length_; }
  std::unique_ptr<Calls> calls() const override {
    class Pass final : public Calls {
     public:
      explicit Pass(const std::vector<std::vector<Call>>& calls) : calls_(calls), at_(calls.size()) {}
      std::optional<Call> next(std::uint32_t function) override {
        auto& at = at_[function];
        return at < calls_[function].size() ? std::optional{calls_[function][at++]} : std::nullopt;
      }

     private:
      const std::vector<std::vector<Call>>& calls_;
      std::vector<std::size_t> at_;
    };
    return std::make_unique<Pass>(calls_);
  }
  std::string words() const override { return "a trace of a test"; }

 private:
  std::vector<std::vector<Call>> calls_;
  std::vector<domain::Bytes> memory_;
  Duration length_;
};

std::vector<Call> every(Duration interval, int times, Duration took = 1s) {
  std::vector<Call> calls;
  for (int i = 0; i < times; ++i) calls.push_back({Time{interval * i}, took});
  return calls;
}

const WorldSettings kSecond{.start = 1s};

TEST(World, CountsWhatColdCallsAndWarmOnesCost) {
  // 0 s: cold, ready at 1 s, busy to 2 s, idle to 60 s; 60 s: warm, busy to 61 s, idle for five minutes.
  const WrittenTrace trace{{every(1min, 2)}, 1h};
  const auto outcome = simulate(trace, {.name = "fixed", .keeps = Fixed{5min}}, kSecond);
  EXPECT_EQ(outcome.calls, 2u);
  EXPECT_EQ(outcome.cold, 1u);
  EXPECT_EQ(outcome.starts, 1u);
  EXPECT_NEAR(outcome.busy_gb_seconds, 2, 1e-6);
  EXPECT_NEAR(outcome.idle_gb_seconds, 58 + 300, 1e-6);
  EXPECT_DOUBLE_EQ(outcome.most_gb, 1);
}

TEST(World, WhatIsKeptForTooShortIsAlwaysCold) {
  const WrittenTrace trace{{every(10min, 6)}, 1h};
  const auto outcome = simulate(trace, {.name = "fixed", .keeps = Fixed{1min}}, kSecond);
  EXPECT_EQ(outcome.cold, 6u);
  EXPECT_NEAR(outcome.idle_gb_seconds, 6 * 60, 1e-6);
}

TEST(World, AFunctionThatIsCalledByTheHourIsWarmInTimeAndHardlyInBetween) {
  const WrittenTrace trace{{every(1h, 48)}, 48h};
  const auto fixed = simulate(trace, {.name = "fixed", .keeps = Fixed{2h}}, kSecond);
  const auto learned = simulate(trace, {.name = "auto", .keeps = Hybrid{}}, kSecond);
  EXPECT_EQ(fixed.cold, 1u);
  EXPECT_EQ(learned.cold, 5u);  // four idle times are learned from
  EXPECT_LT(learned.idle_gb_seconds, fixed.idle_gb_seconds / 4);
}

// A gap of an hour costs 3,599 GB s, one of ten minutes 599.
TEST(World, TheOracleKeepsWhatIsWorthIt) {
  auto calls = every(10min, 4);
  calls.push_back({Time{90min}, 1s});
  const WrittenTrace trace{{calls}, 2h};
  const auto patient = simulate(trace, {.name = "oracle", .keeps = Oracle{600}}, kSecond);
  EXPECT_EQ(patient.cold, 2u);
  EXPECT_NEAR(patient.idle_gb_seconds, 598 + 2 * 599, 1);
  const auto stingy = simulate(trace, {.name = "oracle", .keeps = Oracle{10}}, kSecond);
  EXPECT_EQ(stingy.cold, 5u);
  EXPECT_NEAR(stingy.idle_gb_seconds, 0, 1);
}

TEST(World, CallsAtOnceShareAReplicaUpToItsConcurrency) {
  const WrittenTrace trace{{std::vector<Call>(32, Call{Time{}, 10s})}, 1h};
  const auto outcome = simulate(trace, {.name = "fixed"}, {.start = 1s, .concurrency = 16});
  EXPECT_EQ(outcome.starts, 2u);
  EXPECT_EQ(outcome.cold, 32u);
  EXPECT_EQ(outcome.unserved, 0u);
}

// a b a b …, and memory for one: every call is cold, whoever chooses.
TEST(World, MemoryForOneServesTwoInTurn) {
  std::vector<std::vector<Call>> calls(2);
  for (int i = 0; i < 10; ++i) calls[i % 2].push_back({Time{1min * i}, 1s});
  const WrittenTrace trace{calls, 1h};
  for (const auto eviction :
       {Eviction::worth_least, Eviction::greedy_dual, Eviction::least_recent, Eviction::foreseen}) {
    const auto outcome = simulate(
        trace, {.name = "one", .keeps = Fixed{1h}, .memory = domain::gibibytes(1), .eviction = eviction}, kSecond);
    EXPECT_EQ(outcome.cold, 10u);
    EXPECT_EQ(outcome.evicted, 9u);
    EXPECT_EQ(outcome.unserved, 0u);
    EXPECT_DOUBLE_EQ(outcome.most_gb, 1);
    EXPECT_EQ(outcome.violations, 0u);
  }
}

// a b c a b c …, and memory for two: who idles longest is called next, so the least recently used is the worst choice;
// Belady's rule loses every second call after the first two.
TEST(World, OnACycleTheOracleIsWarmWhereTheLeastRecentlyUsedNeverIs) {
  std::vector<std::vector<Call>> calls(3);
  for (int i = 0; i < 31; ++i) calls[i % 3].push_back({Time{1min * i}, 1s});
  const WrittenTrace trace{calls, 1h};
  const auto with = [&](Eviction eviction) {
    return simulate(trace, {.name = "two", .keeps = Fixed{1h}, .memory = domain::gibibytes(2), .eviction = eviction},
                    kSecond);
  };
  EXPECT_EQ(with(Eviction::least_recent).cold, 31u);
  EXPECT_EQ(with(Eviction::foreseen).cold, 17u);
}

TEST(World, WhoFindsAllBusyWaitsUntilOneIsIdle) {
  const WrittenTrace trace{{{{Time{}, 10s}}, {{Time{2s}, 1s}}}, 1min};
  const auto outcome = simulate(trace, {.name = "one", .keeps = Fixed{1h}, .memory = domain::gibibytes(1)}, kSecond);
  EXPECT_EQ(outcome.cold, 2u);
  EXPECT_EQ(outcome.evicted, 1u);
  EXPECT_EQ(outcome.unserved, 0u);
  EXPECT_NEAR(outcome.busy_gb_seconds, 11, 1e-6);
}

// Some hundred functions of the made trace with far too little memory: nothing is broken, nobody is forgotten.
TEST(World, FunctionsThatShareNoMemoryAreTheSameRunAFewAtATime) {
  const auto trace = make_trace({.functions = 600, .length = 2h});
  for (const Policy& policy :
       {Policy{.name = "fixed", .keeps = Fixed{5min}}, Policy{.name = "auto", .keeps = Hybrid{}}}) {
    auto at_once = policy;
    at_once.memory = domain::gibibytes(1 << 20);
    const auto all = simulate(*trace, at_once);
    const auto few = simulate(*trace, policy);
    EXPECT_GT(few.starts, 600u);
    EXPECT_EQ(few.calls, all.calls);
    EXPECT_EQ(few.cold, all.cold);
    EXPECT_EQ(few.starts, all.starts);
    EXPECT_EQ(few.unserved, all.unserved);
    EXPECT_EQ(few.cold_of_three_quarters, all.cold_of_three_quarters);
    EXPECT_NEAR(few.idle_gb_seconds, all.idle_gb_seconds, all.idle_gb_seconds * 1e-9);
    EXPECT_GE(few.most_gb, all.most_gb) << "each may have had its most at another moment of the second";
    EXPECT_LE(few.most_gb, all.most_gb * 1.05);
  }
}

TEST(Peaks, AreOfTheSumSecondBySecond) {
  constexpr auto kGib = 1ull << 30;
  const auto at = [](Duration time) { return Time{time}; };
  Peaks one{10s};
  one.level(at(1s), 2 * kGib);
  one.level(at(1500ms), kGib);
  one.level(at(4s), 3 * kGib);
  one.level(at(6s), 0);
  Peaks other{10s};
  other.level(at(3s), 4 * kGib);
  other.level(at(3500ms), kGib);
  Peaks sum{10s};
  sum.add(one);
  EXPECT_EQ(sum.most_gb(), 3);
  sum.add(other);
  EXPECT_EQ(sum.most_gb(), 5) << "4 beside 1 in second 3";
}

TEST(World, StaysWithinItsMemoryWhateverComes) {
  const auto trace = make_trace({.functions = 200, .length = 2h});
  for (const auto eviction : {Eviction::worth_least, Eviction::greedy_dual, Eviction::foreseen}) {
    const auto outcome =
        simulate(*trace, {.name = "few", .keeps = Hybrid{}, .memory = domain::gibibytes(6), .eviction = eviction});
    EXPECT_EQ(outcome.violations, 0u);
    EXPECT_LE(outcome.most_gb, 6);
    EXPECT_GT(outcome.evicted, 100u);
    EXPECT_LT(outcome.unserved, 10u);
  }
}

TEST(World, IsTheSameEachTime) {
  const auto trace = make_trace({.functions = 100, .length = 2h, .seed = 5});
  const auto once = simulate(*trace, {.name = "auto", .keeps = Hybrid{}});
  const auto again = simulate(*trace, {.name = "auto", .keeps = Hybrid{}});
  EXPECT_GT(once.calls, 1'000u);
  EXPECT_EQ(once.cold, again.cold);
  EXPECT_EQ(once.idle_gb_seconds, again.idle_gb_seconds);
}

}  // namespace
}  // namespace hearth::sim
