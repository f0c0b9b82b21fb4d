// Whatever order things happen in, the domain keeps its promises; see ToyWorld for what is checked.
// HEARTH_TEST_REPEAT (a factor, 1 by default) says how often: 10 makes more than 10^6 steps.
#include "domain/toy_world.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;

double repeat() {
  const char* text = std::getenv("HEARTH_TEST_REPEAT");
  return text ? std::atof(text) : 1.0;
}

template <class Random>
WorldSettings any_settings(Random& random, std::uint32_t pools) {
  WorldSettings world;
  auto& scale = world.fleet.scale;
  scale.concurrency = 1 + random() % 4;
  scale.min = random() % 3 == 0 ? random() % 3 : 0;
  scale.max = std::max<std::uint32_t>(1, scale.min) + random() % 3;
  scale.max_starting = 1 + random() % 3;
  scale.idle_timeout = std::chrono::milliseconds{500 + random() % 3000};
  scale.patience = std::chrono::milliseconds{10 + random() % 100};
  if (random() % 2) world.fleet.freeze_after = std::chrono::milliseconds{5 + random() % 100};
  world.fleet.healthy_after = 1s;
  world.fleet.backoff = world.fleet.freeze_again = {.first = 50ms, .most = 1s};
  world.pools = pools;
  world.max_starts = 1 + random() % 3;
  world.max_held = 1 + random() % 20;
  world.adopted = random() % (scale.max + 1);
  return world;
}

void keeps_its_promises(std::uint32_t pools) {
  Tally seen;
  const auto schedules = static_cast<std::uint32_t>(200 * repeat());
  for (std::uint32_t seed = 1; seed <= schedules; ++seed) {
    std::mt19937 random{seed};
    ToyWorld world{any_settings(random, pools), seed};
    int step = 0;
    for (; step < 300 && world.violation().empty(); ++step) world.step();
    world.calm_down();
    world.check_rest();
    world.serve_again();
    world.check_rest();
    world.remove();
    world.check_cold();
    ASSERT_EQ(world.violation(), "") << "seed " << seed << ", step " << step;
    seen.add(world.tally());
  }
  EXPECT_GT(seen.least(), schedules / 50) << "each of these must happen often, or the promises were never at stake";
}

TEST(Properties, HoldForOneGatewayUnderAnySchedule) { keeps_its_promises(1); }

TEST(Properties, HoldWhileAllIsGivenUpAliveUnderAnySchedule) {
  const auto schedules = static_cast<std::uint32_t>(100 * repeat());
  for (std::uint32_t seed = 1; seed <= schedules; ++seed) {
    std::mt19937 random{seed};
    ToyWorld world{any_settings(random, 1 + seed % 2), seed};
    for (int step = 0; step < 100 && world.violation().empty(); ++step) world.step();
    world.yield();
    world.check_yielded();
    ASSERT_EQ(world.violation(), "") << "seed " << seed;
  }
}

TEST(Properties, HoldForTwoGatewaysThatShareReplicasUnderAnySchedule) { keeps_its_promises(2); }

}  // namespace
}  // namespace hearth::domain
