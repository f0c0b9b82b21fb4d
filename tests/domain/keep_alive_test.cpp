#include "domain/keep_alive.h"

#include <gtest/gtest.h>
#include <chrono>
#include <random>
#include <vector>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
using Why = KeepPlan::Why;

HybridKeepAlive having_seen(const std::vector<std::pair<Duration, int>>& idle_times) {
  HybridKeepAlive policy;
  for (const auto& [idle, times] : idle_times) {
    for (int i = 0; i < times; ++i) policy.observe(idle);
  }
  return policy;
}

struct Case {
  const char* name;
  std::vector<std::pair<Duration, int>> seen;
  KeepPlan plan;
};
std::ostream& operator<<(std::ostream& out, const Case& one) { return out << one.name; }

class HybridPlans : public testing::TestWithParam<Case> {};

TEST_P(HybridPlans, FollowWhatWasSeen) {
  const auto plan = having_seen(GetParam().seen).plan(std::nullopt);
  EXPECT_EQ(name(plan.why), name(GetParam().plan.why));
  EXPECT_EQ(plan.keep / 1ms, GetParam().plan.keep / 1ms);
  ASSERT_EQ(plan.again.has_value(), GetParam().plan.again.has_value());
  if (!plan.again) return;
  EXPECT_EQ(plan.again->from / 1ms, GetParam().plan.again->from / 1ms);
  EXPECT_EQ(plan.again->to / 1ms, GetParam().plan.again->to / 1ms);
}

std::vector<std::pair<Duration, int>> every_minute_to(int minutes) {
  std::vector<std::pair<Duration, int>> seen;
  for (int i = 0; i < minutes; ++i) seen.emplace_back(std::chrono::minutes{i}, 1);
  return seen;
}

INSTANTIATE_TEST_SUITE_P(
    Tables, HybridPlans,
    testing::Values(
        Case{"a new function is kept as its settings say", {}, {5min, {}, Why::learning}},
        Case{"three idle times are too few", {{30s, 3}}, {5min, {}, Why::learning}},
        // Figure 12 of the paper, left: a head of 0 means that it is never unloaded, and kept for the tail.
        Case{"idle for seconds: kept until the minute's end and a tenth", {{10s, 4}}, {66s, {}, Why::learned}},
        Case{"its tail decides", {{10s, 90}, {9min + 1s, 10}}, {11min, {}, Why::learned}},
        Case{"one in two hundred is beyond the tail", {{10s, 199}, {3h, 1}}, {66s, {}, Why::learned}},
        // The same, right: the head less a tenth is when one is made, the tail and a tenth is when it goes.
        Case{"every ten minutes", {{10min + 5s, 20}}, {1min, {{9min, 726s}}, Why::learned}},
        Case{"every hour", {{60min + 1s, 20}}, {1min, {{54min, 4026s}}, Why::learned}},
        Case{"one in a hundred sooner does not count", {{5s, 1}, {30min, 99}}, {1min, {{27min, 2046s}}, Why::learned}},
        Case{"one in ten sooner does", {{5s, 10}, {30min, 90}}, {2046s, {}, Why::learned}},
        Case{"what is soon again is not stopped for it", {{3min + 10s, 20}}, {264s, {}, Why::learned}},
        // Counters that are all alike say nothing: their coefficient of variation is below 2.
        Case{"any time is as likely as another", every_minute_to(240), {5min, {}, Why::irregular}},
        Case{"within an hour any is", every_minute_to(60), {5min, {}, Why::irregular}},
        Case{"within half an hour any is, but none beyond", every_minute_to(30), {33min, {}, Why::learned}},
        // Mostly beyond the four hours that are counted.
        Case{"every day", {{24h, 4}}, {1min, {{24h - 1min, 24h + 1min}}, Why::rare}},
        Case{"about every day", {{23h, 1}, {25h, 1}, {24h, 2}}, {1min, {{21h, 27h}}, Why::rare}},
        Case{"some days", {{5h, 1}, {40h, 1}, {24h, 2}}, {5min, {}, Why::irregular}},
        Case{"as often beyond as within is within", {{10s, 4}, {24h, 4}}, {66s, {}, Why::learned}},
        Case{"more often beyond is beyond", {{10s, 4}, {24h, 5}}, {1min, {{24h - 1min, 24h + 1min}}, Why::rare}}),
    [](const auto& info) {
      std::string words;
      for (const char c : std::string_view{info.param.name}) words += std::isalnum(c) != 0 ? c : '_';
      return words;
    });

TEST(HybridKeepAlive, CountsTheTimeFromTheLastEndToTheNextArrival) {
  HybridKeepAlive policy;
  Time now{1h};
  for (int i = 0; i < 10; ++i) {
    policy.turned_busy(now);
    EXPECT_FALSE(policy.idle_since());
    policy.fell_idle(now += 45min);
    EXPECT_EQ(policy.idle_since(), now);
    now += 10s;
  }
  EXPECT_EQ(policy.seen(), 9u);
  EXPECT_EQ(policy.plan({}), (KeepPlan{66s, {}, Why::learned}));
}

TEST(HybridKeepAlive, IsWarmAroundATimeThatIsKnown) {
  auto policy = having_seen({{10s, 100}});
  policy.fell_idle(Time{1h});
  EXPECT_EQ(policy.plan(Time{9h}), (KeepPlan{1min, KeepPlan::Window{8h - 1min, 8h + 1min}, Why::known}));
  EXPECT_EQ(policy.plan(Time{1h + 2min}), (KeepPlan{3min, {}, Why::known}));
}

TEST(HybridKeepAlive, AFallbackOfSecondsIsNotLongerBeforeItIsMadeAnew) {
  HybridKeepAlive policy{{.fallback = 10s}};
  for (int i = 0; i < 10; ++i) policy.observe(1h);
  EXPECT_EQ(policy.plan({}).keep, 10s);
}

TEST(HybridKeepAlive, ForgetsSlowlyWhatIsLongAgo) {
  auto policy = having_seen({{2h, 65'535}});
  for (int i = 0; i < 1'000'000; ++i) policy.observe(5s);
  EXPECT_EQ(policy.plan({}), (KeepPlan{66s, {}, Why::learned}));
  EXPECT_LT(policy.seen(), 200'000u);
}

TEST(HybridKeepAlive, VariesAsItsCountersDo) {
  EXPECT_EQ(HybridKeepAlive{}.variation(), 0);
  EXPECT_DOUBLE_EQ(having_seen(every_minute_to(240)).variation(), 0);
  // One counter of n alone: sqrt(n - 1).
  EXPECT_NEAR(having_seen({{10s, 50}}).variation(), std::sqrt(239.0), 1e-9);
}

// Whatever it has seen: a plan holds memory for no longer than the longest idle time, a tenth and its minute.
TEST(HybridKeepAlive, NeverPlansBeyondWhatItSaw) {
  std::mt19937 random{7};
  for (int round = 0; round < 2'000; ++round) {
    HybridKeepAlive policy;
    Duration longest{5min};
    const auto calls = 1 + random() % 40;
    for (unsigned i = 0; i < calls; ++i) {
      const auto idle = std::chrono::seconds{random() % (1u << (1 + random() % 17))};
      longest = std::max<Duration>(longest, idle);
      policy.observe(idle);
    }
    const auto plan = policy.plan({});
    const auto end = plan.again ? plan.again->to : plan.keep;
    EXPECT_GT(plan.keep, 0s);
    if (plan.again) {
      EXPECT_LT(plan.keep, plan.again->from);
      EXPECT_LT(plan.again->from, plan.again->to);
    }
    ASSERT_LE(end, (longest + 1min) * 23 / 20 + 1s) << round;
  }
}

// Of any idle times: no stretch is longer than the most, or the time that its owner chose.
TEST(HybridKeepAlive, KeepsNothingForLongerThanTheMost) {
  std::mt19937 random{11};
  for (int round = 0; round < 2'000; ++round) {
    const auto fallback = std::chrono::minutes{1 + random() % 100};
    HybridKeepAlive policy{{.fallback = fallback, .most = 1h}};
    const auto calls = 1 + random() % 40;
    for (unsigned i = 0; i < calls; ++i) policy.observe(std::chrono::seconds{random() % (1u << (1 + random() % 17))});
    const auto plan = policy.plan({});
    ASSERT_LE(plan.keep, std::max<Duration>(fallback, 1h)) << round;
    const auto ahead = plan.again ? plan.again->to - plan.again->from : Duration{0};
    ASSERT_LE(ahead, 1h) << round;
  }
  HybridKeepAlive hourly{{.most = 30min}};
  for (int i = 0; i < 50; ++i) hourly.observe(i % 2 == 0 ? 10s : 2h);
  EXPECT_EQ(hourly.plan({}), (KeepPlan{30min, {}, Why::learned}));
}

TEST(HybridKeepAlive, RecallsWhatItLearned) {
  for (const auto& seen : std::vector<std::vector<std::pair<Duration, int>>>{
           {}, {{10s, 4}}, {{60min + 1s, 20}, {3min, 2}}, {{24h, 3}}, {{23h, 1}, {25h, 1}, {24h, 5}}}) {
    auto policy = having_seen(seen);
    policy.fell_idle(Time{77h});
    HybridKeepAlive other;
    other.recall(policy.learned());
    EXPECT_EQ(other.learned(), policy.learned());
    EXPECT_EQ(other.plan({}), policy.plan({}));
    EXPECT_EQ(other.seen(), policy.seen());
    EXPECT_DOUBLE_EQ(other.variation(), policy.variation());
    EXPECT_EQ(other.idle_since(), Time{77h});
  }
}

TEST(HybridKeepAlive, RecallsNothingThatItCannotHaveLearned) {
  HybridKeepAlive policy;
  policy.recall({.within = {{240, 9}, {3, 2}, {3, 5}}, .beyond = 1, .rare = {5min, 24h}, .idle_since = {}});
  EXPECT_EQ(policy.learned(), (IdleTimes{.within = {{3, 2}}, .beyond = 1, .rare = {24h}, .idle_since = {}}));
}

TEST(KeepAlivePolicy, KeepsWhatItLearnedAsSettingsChange) {
  KeepAlivePolicy policy;
  EXPECT_EQ(policy.plan({}).keep, 5min);
  policy.learn({.fallback = 2min});
  Time now{1h};
  for (int i = 0; i < 10; ++i) {
    policy.turned_busy(now);
    policy.fell_idle(now += 1s);
    now += 10s;
  }
  EXPECT_EQ(policy.plan({}).why, Why::learned);
  policy.learn({.fallback = 3min});
  EXPECT_EQ(policy.plan({}).why, Why::learned);
  policy.fix(7min);
  EXPECT_EQ(policy.plan({}), (KeepPlan{7min, {}, Why::fixed}));
  EXPECT_TRUE(policy.idle_since());
  policy.learn({.fallback = 3min});
  EXPECT_EQ(policy.plan({}), (KeepPlan{3min, {}, Why::learning}));
}

}  // namespace
}  // namespace hearth::domain
