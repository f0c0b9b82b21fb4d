#include "net/pause.h"

#include <gtest/gtest.h>

#include <future>

namespace hearth::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(Pause, LastsToItsEnd) {
  const auto end = Clock::now() + 5ms;
  pause(end, {});
  EXPECT_GE(Clock::now(), end);
}

TEST(Pause, EndsWhenItIsStopped) {
  std::stop_source stop;
  auto paused = std::async(std::launch::async, [&] { pause(Clock::now() + 1h, stop.get_token()); });
  stop.request_stop();
  EXPECT_EQ(paused.wait_for(10s), std::future_status::ready);
}

}  // namespace
}  // namespace hearth::net
