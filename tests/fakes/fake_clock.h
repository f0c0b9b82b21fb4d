// Time that stands still until a test moves it. Any thread.
#pragma once

#include "ports/clock.h"

#include <mutex>

namespace hearth::tests {

class FakeClock final : public ports::Clock {
 public:
  domain::Time now() const override {
    const std::scoped_lock lock{mutex_};
    return now_;
  }
  domain::WallTime wall_now() const override {
    const std::scoped_lock lock{mutex_};
    return domain::WallTime{std::chrono::milliseconds{1'700'000'000'000}} +
           std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
  }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, domain::Time) const override {
    // Looks again soon: nobody knows which of the waiting threads an advance() concerns.
    changed.wait_for(lock, std::chrono::milliseconds{1});
  }

  void advance(domain::Duration by) {
    const std::scoped_lock lock{mutex_};
    now_ += by;
  }

 private:
  mutable std::mutex mutex_;
  domain::Time now_ = domain::Time{std::chrono::hours{1}};
};

}  // namespace hearth::tests
