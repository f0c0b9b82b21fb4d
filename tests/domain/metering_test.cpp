#include "domain/metering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <vector>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using State = ReplicaMeter::State;

constexpr Time kStart{1h};
constexpr auto kMemory = mebibytes(256);
constexpr std::uint64_t kKib = 256 * 1024;

MemoryTime held_for(std::chrono::milliseconds time) { return {kKib * static_cast<std::uint64_t>(time.count())}; }

TEST(ReplicaMeter, CountsCallsThatOverlapOnce) {
  ReplicaMeter meter(kMemory, State::idle, kStart);
  Usage usage;
  meter.call_began(kStart + 100ms);
  meter.call_began(kStart + 150ms);
  meter.call_ended(kStart + 200ms);
  meter.call_ended(kStart + 300ms);
  meter.settle(usage, kStart + 1s);
  EXPECT_EQ(usage.busy, held_for(200ms));
  EXPECT_EQ(usage.idle, held_for(800ms));
}

TEST(ReplicaMeter, CountsACallWhileItRuns) {
  ReplicaMeter meter(kMemory, State::idle, kStart);
  Usage usage;
  meter.call_began(kStart);
  for (int second = 1; second <= 120; ++second) {
    meter.settle(usage, kStart + std::chrono::seconds{second});
    EXPECT_EQ(usage.busy, held_for(std::chrono::seconds{second}));
  }
  meter.call_ended(kStart + 120'500ms);
  meter.settle(usage, kStart + 121s);
  EXPECT_EQ(usage.busy, held_for(120'500ms));
}

TEST(ReplicaMeter, LosesNoPartOfAMillisecondBetweenLooks) {
  ReplicaMeter meter(kMemory, State::idle, kStart);
  Usage usage;
  auto now = kStart;
  for (int call = 0; call < 1000; ++call) {  // each of 0.3 ms, with a look after it
    meter.call_began(now);
    meter.call_ended(now += 300us);
    meter.settle(usage, now += 700us);
  }
  EXPECT_EQ(usage.busy, held_for(300ms));
  EXPECT_EQ(usage.idle, held_for(700ms));
}

TEST(ReplicaMeter, TellsTheWholeOfALifeApart) {
  ReplicaMeter meter(kMemory, State::initializing, kStart);
  Usage usage;
  meter.ready(kStart + 90ms);
  meter.call_began(kStart + 100ms);
  meter.call_ended(kStart + 150ms);
  meter.frozen(false, kStart + 160ms);
  meter.frozen(true, kStart + 200ms);
  meter.frozen(true, kStart + 250ms);
  meter.frozen(false, kStart + 300ms);
  meter.call_began(kStart + 310ms);
  meter.frozen(true, kStart + 320ms);  // a busy one is not
  meter.gone(kStart + 400ms);
  meter.call_ended(kStart + 900ms);  // it died under the call
  meter.settle(usage, kStart + 2s);
  EXPECT_EQ(usage.initializing, held_for(90ms));
  EXPECT_EQ(usage.busy, held_for(140ms));
  EXPECT_EQ(usage.frozen, held_for(100ms));
  EXPECT_EQ(usage.idle, held_for(70ms));
}

TEST(ReplicaMeter, RoundsMemoryUpToAKibibyte) {
  ReplicaMeter meter(Bytes{1025}, State::idle, kStart);
  Usage usage;
  meter.settle(usage, kStart + 1s);
  EXPECT_EQ(usage.idle.kib_ms, 2000u);
}

TEST(FunctionMeter, AddsItsReplicasUpAlsoThoseThatAreGone) {
  FunctionMeter meter;
  const auto one = meter.add(1, kMemory, State::idle, kStart);
  const auto two = meter.add(2, mebibytes(512), State::initializing, kStart);
  one->call_began(kStart);
  meter.remove(1, kStart + 1s);
  meter.remove(1, kStart + 2s);
  meter.remove(7, kStart + 2s);
  EXPECT_EQ(meter.find(1), nullptr);
  EXPECT_EQ(meter.find(2), two);
  one->call_ended(kStart + 3s);
  const auto& usage = meter.usage(kStart + 4s);
  EXPECT_EQ(usage.busy, held_for(1s));
  EXPECT_EQ(usage.initializing, held_for(8s));
}

TEST(FunctionMeter, GivesOutEachThingOnce) {
  FunctionMeter meter;
  const auto replica = meter.add(1, kMemory, State::idle, kStart);
  replica->call_began(kStart);
  meter.call_ended(Ending::failed);
  meter.start_succeeded(20ms, 30ms);
  meter.start_failed();
  const auto first = meter.take(kStart + 1s);
  EXPECT_EQ(first.busy, held_for(1s));
  EXPECT_EQ(first.of(Ending::failed), 1u);
  EXPECT_EQ(first.cold_starts, 1u);
  EXPECT_EQ(first.failed_starts, 1u);
  EXPECT_EQ(meter.take(kStart + 1s), Usage{});
  EXPECT_EQ(meter.take(kStart + 3s).busy, held_for(2s));
  EXPECT_EQ(meter.usage(kStart + 3s).busy, held_for(3s)) << "but the whole stays";
  EXPECT_EQ(meter.durations().create.count, 1u);
  EXPECT_EQ(meter.durations().init.sum, 30ms);
}

TEST(Histogram, PutsEachIntoTheFirstBucketThatHoldsIt) {
  Histogram histogram;
  for (const Duration took : {Duration{0}, Duration{500us}, Duration{500us + 1ns}, Duration{5min}, Duration{301s}}) {
    histogram.observe(took);
  }
  EXPECT_EQ(histogram.count, 5u);
  EXPECT_EQ(histogram.sum, 601s + 1ms + 1ns);
  EXPECT_EQ(histogram.buckets.front(), 2u);
  EXPECT_EQ(histogram.buckets[1], 1u);
  EXPECT_EQ(histogram.buckets.back(), 1u);
}

struct Interval {
  int begin;
  int end;
};

// The union of intervals of whole milliseconds, millisecond by millisecond.
int naive_union(const std::vector<Interval>& intervals, int end) {
  int busy = 0;
  for (int at = 0; at < end; ++at) {
    busy += std::ranges::any_of(intervals, [at](const Interval& one) { return one.begin <= at && at < one.end; });
  }
  return busy;
}

// Whatever calls overlap and whenever it is looked at: what was busy is the union of them, the rest is idle.
TEST(ReplicaMeterProperty, IsTheUnionOfItsCalls) {
  const char* repeat = std::getenv("HEARTH_TEST_REPEAT");
  const auto rounds = static_cast<unsigned>(300 * (repeat != nullptr ? std::atof(repeat) : 1.0));
  for (unsigned seed = 1; seed <= rounds; ++seed) {
    std::mt19937 random{seed};
    constexpr int kEnd = 1000;
    std::vector<Interval> calls(random() % 12);
    for (auto& call : calls) {
      call.begin = static_cast<int>(random() % kEnd);
      call.end = call.begin + static_cast<int>(random() % static_cast<unsigned>(kEnd - call.begin + 1));
    }
    ReplicaMeter meter(kMemory, State::idle, kStart);
    Usage usage;
    for (int at = 0; at <= kEnd; ++at) {
      const auto now = kStart + std::chrono::milliseconds{at};
      for (const auto& call : calls) {
        if (call.begin == at) meter.call_began(now);
      }
      for (const auto& call : calls) {
        if (call.end == at) meter.call_ended(now);
      }
      if (random() % 50 == 0) meter.settle(usage, now);
    }
    meter.settle(usage, kStart + std::chrono::milliseconds{kEnd});
    const auto busy = naive_union(calls, kEnd);
    ASSERT_EQ(usage.busy, held_for(std::chrono::milliseconds{busy})) << "seed " << seed;
    ASSERT_EQ(usage.idle, held_for(std::chrono::milliseconds{kEnd - busy})) << "seed " << seed;
  }
}

}  // namespace
}  // namespace hearth::domain
