#include "control/timers.h"

namespace hearth::control {

Timers::Timers(const ports::Clock& clock)
    : clock_(clock), thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

Timers::~Timers() { stop(); }

void Timers::at(domain::Time at, Task task) {
  const std::scoped_lock lock{mutex_};
  const auto placed = tasks_.emplace(at, std::move(task));
  if (placed == tasks_.begin()) changed_.notify_one();
}

void Timers::stop() {
  {
    const std::scoped_lock lock{mutex_};
    thread_.request_stop();
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Timers::run(std::stop_token stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (tasks_.empty()) {
      changed_.wait(lock);
      continue;
    }
    if (tasks_.begin()->first > clock_.now()) {
      clock_.wait(lock, changed_, tasks_.begin()->first);
      continue;
    }
    const auto task = std::move(tasks_.extract(tasks_.begin()).mapped());
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace hearth::control
