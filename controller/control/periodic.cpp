#include "control/periodic.h"

#include <utility>

namespace hearth::control {

Periodic::Periodic(const ports::Clock& clock, domain::Time first, Task task)
    : clock_(clock),
      task_(std::move(task)),
      thread_([this, first](const std::stop_token& stop) { run(stop, first); }) {}

Periodic::~Periodic() {
  {
    const std::scoped_lock lock{mutex_};
    thread_.request_stop();
  }
  ended_.notify_one();
  thread_.join();
}

void Periodic::run(const std::stop_token& stop, domain::Time next) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (clock_.now() < next) {
      clock_.wait(lock, ended_, next);
      continue;
    }
    lock.unlock();
    next = task_();
    lock.lock();
  }
}

}  // namespace hearth::control
