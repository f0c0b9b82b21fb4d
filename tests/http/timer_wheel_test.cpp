#include "http/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace hearth::http {
namespace {

using namespace std::chrono_literals;
constexpr Time kStart = Time{} + 1000s;

class Alarm final : public Timer {
 public:
  using Timer::Timer;
  int rung = 0;

 private:
  void expired() override { ++rung; }
};

TEST(TimerWheel, FiresAtItsDeadlineAndNotBefore) {
  TimerWheel wheel;
  wheel.advance(kStart);
  Alarm alarm(wheel);
  alarm.set(kStart + 100ms);
  wheel.advance(kStart + 99ms);
  EXPECT_EQ(alarm.rung, 0);
  wheel.advance(kStart + 104ms);
  EXPECT_EQ(alarm.rung, 1);
  wheel.advance(kStart + 60s);
  EXPECT_EQ(alarm.rung, 1);
}

TEST(TimerWheel, FollowsADeadlineThatMoves) {
  TimerWheel wheel;
  wheel.advance(kStart);
  Alarm alarm(wheel);
  alarm.set(kStart + 10s);
  alarm.set(kStart + 40s);
  wheel.advance(kStart + 39s);
  EXPECT_EQ(alarm.rung, 0);
  alarm.set(kStart + 39s + 20ms);
  wheel.advance(kStart + 39s + 24ms);
  EXPECT_EQ(alarm.rung, 1);
}

TEST(TimerWheel, AsksForTheSystemsTimerOnlyWhenADeadlineComesNearer) {
  TimerWheel wheel;
  wheel.advance(kStart);
  wheel.take_nearer();
  Alarm first(wheel), second(wheel);
  first.set(kStart + 30s);
  EXPECT_TRUE(wheel.take_nearer());
  for (int i = 1; i < 100; ++i) {
    first.set(kStart + 30s + i * 1ms);
    second.set(kStart + 31s + i * 1ms);
  }
  EXPECT_FALSE(wheel.take_nearer());
  EXPECT_LE(*wheel.due(), kStart + 30s + 4ms);
}

// A wheel that is advanced whenever it is due fires each alarm once, between its deadline and a tick later.
TEST(TimerWheel, KeepsItsPromisesUnderAnySchedule) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random{seed};
    TimerWheel wheel;
    Time now = kStart;
    wheel.advance(now);
    std::vector<std::unique_ptr<Alarm>> alarms;
    std::vector<Time> deadlines;
    for (int i = 0; i < 20; ++i) {
      alarms.push_back(std::make_unique<Alarm>(wheel));
      deadlines.push_back(now + std::chrono::milliseconds(random() % 60'000));
      alarms.back()->set(now + std::chrono::milliseconds(random() % 60'000));
      alarms.back()->set(deadlines.back());
    }
    const auto cleared = random() % 20;
    alarms[cleared]->clear();
    while (const auto due = wheel.due()) {
      now = std::max(now, *due);
      wheel.advance(now);
      for (int i = 0; i < 20; ++i) {
        if (i == static_cast<int>(cleared)) continue;
        const bool early = deadlines[i] > now;
        const bool late = deadlines[i] + TimerWheel::kTick < now;
        ASSERT_TRUE(alarms[i]->rung == (late ? 1 : 0) || (!early && !late));
      }
    }
    for (int i = 0; i < 20; ++i) EXPECT_EQ(alarms[i]->rung, i == static_cast<int>(cleared) ? 0 : 1);
  }
}

}  // namespace
}  // namespace hearth::http
