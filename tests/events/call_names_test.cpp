#include "events/call_names.h"

#include "domain/durable_call.h"
#include "domain/function.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hearth::events {
namespace {

using namespace std::chrono_literals;

constexpr domain::WallTime kNow{1'790'000'000'000ms};

TEST(CallNames, AreUuidsOfVersionSevenThatSortByTime) {
  CallNames names;
  const auto earlier = names.next(kNow);
  const auto later = names.next(kNow + 1ms);
  EXPECT_EQ(earlier.size(), 32u);
  EXPECT_EQ(earlier.substr(0, 12), "01a0c4506c00");  // 1,790,000,000,000
  EXPECT_EQ(earlier[12], '7');
  EXPECT_NE(std::string("89ab").find(earlier[16]), std::string::npos);
  EXPECT_LT(earlier, later);
}

TEST(CallNames, AreNeverTheSame) {
  CallNames names;
  std::set<std::string> all;
  for (int i = 0; i < 10'000; ++i) all.insert(names.next(kNow));
  EXPECT_EQ(all.size(), 10'000u);
}

TEST(CallNames, AreNoNamesOfFunctions) {
  CallNames names;
  const auto name = names.next(kNow);
  EXPECT_TRUE(domain::is_call_id(name));
  EXPECT_FALSE(domain::is_valid_name(name));
  for (const char* other :
       {"", "hello", "0123", "g1a0c43b9c0070000000000000000000", "A1A0C43B9C0070000000000000000000"}) {
    EXPECT_FALSE(domain::is_call_id(other)) << other;
  }
}

}  // namespace
}  // namespace hearth::events
