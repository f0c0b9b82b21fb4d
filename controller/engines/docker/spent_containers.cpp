#include "engines/docker/spent_containers.h"

#include <utility>

namespace hearth::docker {

SpentContainers::SpentContainers() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

SpentContainers::~SpentContainers() {
  await_none();
  thread_.request_stop();
}

void SpentContainers::add(std::unique_ptr<BuilderContainer> container) {
  const std::lock_guard lock{mutex_};
  waiting_.push_back(std::move(container));
  changed_.notify_all();
}

void SpentContainers::await_none() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return waiting_.empty() && !removes_; });
}

void SpentContainers::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    auto container = std::move(waiting_.front());
    waiting_.pop_front();
    removes_ = true;
    lock.unlock();
    container.reset();
    lock.lock();
    removes_ = false;
    changed_.notify_all();
  }
}

}  // namespace hearth::docker
