// A thread that does one thing again and again, by a clock.
#pragma once

#include "domain/time.h"
#include "ports/clock.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace hearth::control {

class Periodic {
 public:
  // Does it, and says when to do it next. May block; must not throw.
  using Task = std::function<domain::Time()>;

  // `clock` outlives it.
  Periodic(const ports::Clock& clock, domain::Time first, Task task);
  // Waits for a task that runs; none begins any more.
  ~Periodic();

 private:
  void run(const std::stop_token& stop, domain::Time next);

  const ports::Clock& clock_;
  const Task task_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::jthread thread_;
};

}  // namespace hearth::control
