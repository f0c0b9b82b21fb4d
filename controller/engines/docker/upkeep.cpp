#include "engines/docker/upkeep.h"

#include <algorithm>

namespace hearth::docker {

Upkeep::Upkeep(Round round) : round_(std::move(round)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Upkeep::ask() {
  const std::lock_guard lock{mutex_};
  asked_ = true;
  changed_.notify_all();
}

void Upkeep::end() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Upkeep::run(const std::stop_token& stop) {
  auto delay = kFirst;
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return asked_; })) {
    changed_.wait_for(lock, stop, delay, [] { return false; });
    if (stop.stop_requested()) return;
    asked_ = false;
    lock.unlock();
    const bool worked = round_(stop);
    lock.lock();
    delay = worked ? std::min(delay * 2, kLongest) : kFirst;
  }
}

}  // namespace hearth::docker
