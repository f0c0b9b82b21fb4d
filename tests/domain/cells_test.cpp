#include "domain/cells.h"

#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;

FunctionSpec templated() {
  FunctionSpec spec;
  spec.runtime = "python";
  return spec;
}

TEST(ObstacleToCells, ThereIsNoneForWhatIsGivenInTheHandover) {
  auto spec = templated();
  spec.env = {{"LEVEL", "info"}, {"NODE_ENV", "production"}, {"GREETING", "x"}, {"MY_TZ", "UTC"}};
  spec.limits.memory = mebibytes(128);
  spec.limits.cpu_millis = 500;
  spec.limits.pids = 10;
  spec.limits.concurrency = 3;
  spec.limits.timeout = 1s;
  spec.network.egress = false;
  spec.handler = "other.py:go";

  EXPECT_EQ(obstacle_to_cells(spec), std::nullopt);
}

TEST(ObstacleToCells, IsNamedByItsKey) {
  const auto with = [](auto change) {
    auto spec = templated();
    change(spec);
    return obstacle_to_cells(spec).value_or("none");
  };

  EXPECT_TRUE(with([](auto& s) { s.limits.tmp = mebibytes(65); }).starts_with("limits.tmp: "));
  EXPECT_TRUE(with([](auto& s) { s.network.attach = {"db"}; }).starts_with("network.attach: "));
  EXPECT_TRUE(with([](auto& s) { s.container_runtime = "runsc"; }).starts_with("container_runtime: "));
  EXPECT_TRUE(with([](auto& s) { s.debug = true; }).find("debugged") != std::string::npos);
  EXPECT_TRUE(with([](auto& s) { s.runtime.clear(); }).find("image of its own") != std::string::npos);
}

TEST(ObstacleToCells, IsWhatAProcessReadsAsItStarts) {
  for (const std::string name : {"LD_PRELOAD", "LC_ALL", "MALLOC_ARENA_MAX", "PYTHONPATH", "NODE_OPTIONS", "GODEBUG",
                                 "TZ", "LANG", "GLIBC_TUNABLES", "UV_THREADPOOL_SIZE"}) {
    auto spec = templated();
    spec.env[name] = "x";
    EXPECT_TRUE(obstacle_to_cells(spec).value_or("none").starts_with("env." + name + ": ")) << name;
  }
}

TEST(ObstacleToStreaming, IsASizeThatACellHasNoRoomForOrThatIsMostOfItsMemory) {
  Limits limits;
  limits.memory = gibibytes(1);
  EXPECT_EQ(obstacle_to_streaming(Bytes{}, limits), std::nullopt);
  EXPECT_EQ(obstacle_to_streaming(kLargestStreamed, limits), std::nullopt);
  const auto large = obstacle_to_streaming({kLargestStreamed.count + 1}, limits).value_or("none");
  EXPECT_NE(large.find("more than 64Mi"), std::string::npos) << large;

  limits.memory = mebibytes(64);
  EXPECT_EQ(obstacle_to_streaming(mebibytes(16), limits), std::nullopt);
  const auto tight = obstacle_to_streaming({mebibytes(16).count + 1}, limits).value_or("none");
  EXPECT_NE(tight.find("17Mi of limits.memory"), std::string::npos) << tight;
}

TEST(CellDemand, IsTheLeastWhereNothingWasWanted) {
  const CellDemand demand;
  EXPECT_EQ(demand.ready({.min = 1, .max = 8}, Time{1h}), 1u);
  EXPECT_EQ(demand.ready({.min = 0, .max = 8}, Time{1h}), 0u);
}

TEST(CellDemand, NeverPassesTheBoundsAlsoWhereTheyContradict) {
  CellDemand demand;
  for (int i = 0; i < 1000; ++i) demand.wanted(Time{1h});
  EXPECT_EQ(demand.ready({.min = 1, .max = 8}, Time{1h}), 8u);
  EXPECT_EQ(demand.ready({.min = 5, .max = 2}, Time{1h}), 2u);
  EXPECT_EQ(demand.ready({.min = 5, .max = 0}, Time{1h}), 0u);
}

TEST(CellDemand, GrowsWithTheRateAndFades) {
  CellDemand demand;
  const CellBounds bounds{.min = 1, .max = 1000};
  Time now{1h};
  for (int second = 0; second < 120; ++second, now += 1s) {
    for (int i = 0; i < 5; ++i) demand.wanted(now);
  }
  // Five a second, for ten seconds.
  EXPECT_NEAR(demand.ready(bounds, now), 50, 5);
  EXPECT_LT(demand.ready(bounds, now + 60s), 10u);
  EXPECT_EQ(demand.ready(bounds, now + 5min), 1u);
}

TEST(CellDemand, OfOneStartIsOne) {
  CellDemand demand;
  demand.wanted(Time{1h});
  EXPECT_EQ(demand.ready({.min = 0, .max = 8}, Time{1h}), 1u);
  EXPECT_EQ(demand.ready({.min = 0, .max = 8}, Time{1h + 2min}), 0u);
}

}  // namespace
}  // namespace hearth::domain
