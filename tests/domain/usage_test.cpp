#include "domain/usage.h"

#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;

TEST(Usage, TellsErrorsFromWhatClientsDid) {
  const std::pair<Ending, bool> rows[] = {
      {answered(101), false},
      {answered(200), false},
      {answered(302), false},
      {answered(404), false},
      {answered(500), true},
      {answered(503), true},
      {Ending::died, true},
      {Ending::timed_out, true},
      {Ending::left, false},
      {Ending::bad_request, false},
      {refused_by(Layer::limit), true},
      {refused_by(Layer::engine), true},
      {refused_by(Layer::gateway), true},
      {refused_by(Layer::function), true},
      {refused_by(Layer::client), false},
  };
  Usage usage;
  std::uint64_t errors = 0;
  for (const auto& [ending, error] : rows) {
    EXPECT_EQ(is_error(ending), error) << name(ending);
    ++usage.of(ending);
    errors += error;
  }
  EXPECT_EQ(usage.all_calls(), std::size(rows));
  EXPECT_EQ(usage.errors(), errors);
}

TEST(Usage, ShowsGigabytesOfTwoToTheThirtieth) {
  const MemoryTime quarter{.kib_ms = 256 * 1024 * 2000};  // 256 MiB for 2 s
  EXPECT_DOUBLE_EQ(quarter.gb_seconds(), 0.5);
}

TEST(Usage, AddsAndSubtractsEveryNumber) {
  Usage one;
  for (std::size_t i = 0; i < kEndings; ++i) one.calls[i] = i + 1;
  one.cold_starts = 20;
  one.failed_starts = 21;
  one.busy = {22};
  one.initializing = {23};
  one.idle = {24};
  one.frozen = {25};
  Usage two = one;
  two += one;
  EXPECT_NE(two, one);
  EXPECT_EQ(two - one, one);
  EXPECT_EQ(one - one, Usage{});
}

TEST(Day, IsWrittenAndReadInOneForm) {
  const auto day = parse_day("2026-02-28");
  ASSERT_TRUE(day);
  EXPECT_EQ(format_day(*day), "2026-02-28");
  EXPECT_EQ(format_day(*day + std::chrono::days{1}), "2026-03-01");
  EXPECT_EQ(day_of(WallTime{*day} + 24h - 1ms), *day);
  EXPECT_EQ(day_of(WallTime{*day} + 24h), *day + std::chrono::days{1});
  for (const auto* text : {"", "2026-2-28", "2026-02-29", "2026-13-01", "2026-00-01", "2026/02/28", "26-02-28",
                           "2026-02-28T", " 026-02-28", "-026-02-28", "2026-02-+1"}) {
    EXPECT_FALSE(parse_day(text)) << text;
  }
}

}  // namespace
}  // namespace hearth::domain
