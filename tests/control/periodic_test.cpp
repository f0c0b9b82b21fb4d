#include "control/periodic.h"

#include "fakes/fake_clock.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;

// A task that counts how often it ran, and takes as long as a test wants.
class PeriodicTest : public testing::Test {
 protected:
  void begin(domain::Duration first, domain::Duration then) {
    periodic_.emplace(clock_, clock_.now() + first, [this, then] {
      std::unique_lock lock{mutex_};
      const auto next = clock_.now() + then;
      ++begun_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !held_; });
      ++ended_;
      return next;
    });
  }
  bool ran(int times) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 10s, [&] { return begun_ == times; });
  }
  void hold(bool held) {
    const std::scoped_lock lock{mutex_};
    held_ = held;
    changed_.notify_all();
  }
  tests::FakeClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0;
  int ended_ = 0;
  bool held_ = false;
  std::optional<Periodic> periodic_;
};

TEST_F(PeriodicTest, BeginsWhenItIsToldToAndGoesOnAsItsTaskSays) {
  begin(0s, 10min);
  EXPECT_TRUE(ran(1));
  for (int times = 2; times < 5; ++times) {
    clock_.advance(10min);
    EXPECT_TRUE(ran(times));
  }
}

TEST_F(PeriodicTest, DoesNothingBeforeItsTime) {
  begin(10min, 10min);
  clock_.advance(10min - 1ns);
  periodic_.reset();
  EXPECT_EQ(begun_, 0);
}

TEST_F(PeriodicTest, EndsAtOnceHoweverLongItWouldWait) {
  begin(24h, 24h);
  periodic_.reset();
  EXPECT_EQ(begun_, 0);
}

TEST_F(PeriodicTest, WaitsForATaskThatRunsAndBeginsNoOther) {
  hold(true);
  begin(0s, 0s);
  ASSERT_TRUE(ran(1));
  std::jthread releases{[this] { hold(false); }};
  periodic_.reset();
  EXPECT_EQ(ended_, begun_);
}

}  // namespace
}  // namespace hearth::control
