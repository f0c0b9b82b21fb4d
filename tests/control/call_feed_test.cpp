#include "control/call_feed.h"

#include <gtest/gtest.h>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;

CallRecord call(const std::string& target) { return {.id = "1", .method = "GET", .target = target, .status = 200}; }

TEST(CallFeed, IsWantedWhileSomebodyLooksOn) {
  CallFeed feed;
  EXPECT_FALSE(feed.is_wanted());
  {
    const auto one = feed.follow("hello");
    auto two = feed.follow("other");
    const auto moved = std::move(two);
    EXPECT_TRUE(feed.is_wanted());
  }
  EXPECT_FALSE(feed.is_wanted());
}

TEST(CallFeed, TellsEachFollowerOfItsFunctionFromNowOn) {
  CallFeed feed;
  auto early = feed.follow("hello");
  feed.add("hello", call("/1"));
  auto late = feed.follow("hello");
  auto other = feed.follow("team.hello");
  feed.add("hello", call("/2"));
  const auto all = early.read(0ms, {});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].target, "/2");
  ASSERT_EQ(late.read(0ms, {}).size(), 1U);
  EXPECT_TRUE(late.read(0ms, {}).empty()) << "each once";
  EXPECT_TRUE(other.read(0ms, {}).empty());
}

TEST(CallFeed, ForgetsTheOldestForOneWhoIsSlow) {
  CallFeed feed;
  auto slow = feed.follow("hello");
  for (int i = 0; i < 1500; ++i) feed.add("hello", call(std::to_string(i)));
  const auto kept = slow.read(0ms, {});
  ASSERT_EQ(kept.size(), 1000U);
  EXPECT_EQ(kept.back().target, "1499");
}

}  // namespace
}  // namespace hearth::control
