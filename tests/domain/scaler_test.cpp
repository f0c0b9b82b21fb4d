#include "domain/scaler.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hearth::domain {
namespace {

struct Row {
  const char* sentence;
  Demand demand;
  ScaleSettings settings;
  std::uint32_t wanted;
  std::uint32_t starts;
};

const Row kRows[] = {
    {"nothing to do: nothing there", {}, {}, 0, 0},
    {"from zero one held call starts one", {.held = 1}, {.concurrency = 16}, 1, 1},
    {"from zero a full replica's worth starts one", {.held = 16}, {.concurrency = 16}, 1, 1},
    {"from zero one call more starts two", {.held = 17}, {.concurrency = 16}, 2, 2},
    {"at one call a replica every held call counts", {.held = 7}, {.concurrency = 1}, 7, 7},
    {"calls that a starting replica will take start nothing", {.held = 16, .starting = 1}, {.concurrency = 16}, 1, 0},
    {"calls beyond what is starting start more", {.held = 40, .starting = 1}, {.concurrency = 16}, 3, 2},
    {"beside a serving replica a patient call starts nothing", {.held = 9, .ready = 1}, {.concurrency = 1}, 1, 0},
    {"beside a serving replica lost patience does", {.held = 9, .held_long = 2, .ready = 1}, {.concurrency = 1}, 3, 2},
    {"lost patience counts what is starting",
     {.held = 9, .held_long = 2, .ready = 1, .starting = 2},
     {.concurrency = 1},
     3,
     0},
    {"max is never passed", {.held = 500}, {.concurrency = 1, .max = 3}, 3, 3},
    {"at max nothing starts", {.held = 9, .held_long = 9, .ready = 3}, {.concurrency = 1, .max = 3}, 3, 0},
    {"above max nothing is wanted away", {.ready = 5}, {.max = 3}, 5, 0},
    {"min is wanted without a call", {}, {.min = 2}, 2, 2},
    {"min counts what is there and starting", {.ready = 1, .starting = 1}, {.min = 3}, 3, 1},
    {"idle ones above min are not wanted away", {.ready = 4}, {.min = 1}, 4, 0},
    {"a burst starts only so many at once", {.held = 100}, {.concurrency = 1, .max = 50, .max_starting = 4}, 50, 4},
    {"those starting use the burst up",
     {.held = 100, .starting = 3},
     {.concurrency = 1, .max = 50, .max_starting = 4},
     50,
     1},
    {"a burst used up starts nothing",
     {.held = 100, .starting = 5},
     {.concurrency = 1, .max = 50, .max_starting = 4},
     50,
     0},
};

TEST(Scaler, WantsAndStartsWhatItsTableSays) {
  for (const auto& row : kRows) {
    EXPECT_EQ(wanted_replicas(row.demand, row.settings), row.wanted) << row.sentence;
    EXPECT_EQ(starts_now(row.demand, row.settings), row.starts) << row.sentence;
  }
}

TEST(Scaler, StaysWithinItsLimitsWhateverTheDemand) {
  for (std::uint32_t held = 0; held < 40; held += 3) {
    for (std::uint32_t ready = 0; ready < 6; ++ready) {
      for (std::uint32_t starting = 0; starting < 6; ++starting) {
        for (std::uint32_t min = 0; min < 4; ++min) {
          const Demand demand{held, held / 2, ready, starting};
          const ScaleSettings settings{.concurrency = 2, .min = min, .max = 4, .max_starting = 3};
          const auto starts = starts_now(demand, settings);
          const auto there = ready + starting;
          EXPECT_TRUE(starts == 0 || there + starts <= settings.max);
          EXPECT_TRUE(starts == 0 || starting + starts <= settings.max_starting);
          EXPECT_GE(wanted_replicas(demand, settings), std::max(there, min));
        }
      }
    }
  }
}

}  // namespace
}  // namespace hearth::domain
