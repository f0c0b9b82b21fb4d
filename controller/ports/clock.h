// Time as the control world sees it; a fake one makes tests deterministic.
#pragma once

#include "domain/time.h"

#include <condition_variable>
#include <mutex>

namespace hearth::ports {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual domain::Time now() const = 0;
  virtual domain::WallTime wall_now() const = 0;
  // Waits on `changed` until it is notified or `until` has come; may wake for nothing.
  virtual void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, domain::Time until) const = 0;
};

class SystemClock final : public Clock {
 public:
  domain::Time now() const override { return std::chrono::steady_clock::now(); }
  domain::WallTime wall_now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, domain::Time until) const override {
    changed.wait_until(lock, until);
  }
};

}  // namespace hearth::ports
