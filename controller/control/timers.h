// One thread that wakes functions when their pools and fleets asked for it.
#pragma once

#include "domain/time.h"
#include "ports/clock.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace hearth::control {

class Timers {
 public:
  using Task = std::function<void()>;

  explicit Timers(const ports::Clock& clock);
  ~Timers();  // drops what is not due

  // Runs `task` on the timer thread at `at`; it must return soon.
  void at(domain::Time at, Task task);
  // No task runs any more once this returns.
  void stop();

 private:
  void run(std::stop_token stop);

  const ports::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<domain::Time, Task> tasks_;
  std::jthread thread_;
};

}  // namespace hearth::control
