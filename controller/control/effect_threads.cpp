#include "control/effect_threads.h"

#include <utility>

namespace hearth::control {

namespace {

constexpr std::uint32_t kThawThreads = 2;
constexpr std::uint32_t kMostFreezes = 2;

}  // namespace

EffectThreads::EffectThreads(std::uint32_t threads, std::uint32_t most_stops) {
  queue(Kind::stop).most = most_stops;
  queue(Kind::freeze).most = kMostFreezes;
  for (std::uint32_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop, Kind::freeze, wanted_); });
  }
  for (std::uint32_t i = 0; i < kThawThreads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop, Kind::thaw, thaw_wanted_); });
  }
}

EffectThreads::~EffectThreads() { end(); }

void EffectThreads::push(Kind kind, Task task) {
  const std::scoped_lock lock{mutex_};
  if (ended_) return;
  queue(kind).waiting.push_back(std::move(task));
  if (kind == Kind::thaw) thaw_wanted_.notify_one();
  wanted_.notify_one();
}

EffectThreads::Queue* EffectThreads::next(Kind last) {
  for (auto& queue : queues_) {
    if (!queue.waiting.empty() && queue.running < queue.most) return &queue;
    if (&queue == &this->queue(last)) break;
  }
  return nullptr;
}

void EffectThreads::work(const std::stop_token& stop, Kind last, std::condition_variable& wanted) {
  std::unique_lock lock{mutex_};
  while (true) {
    wanted.wait(lock, [&] { return stop.stop_requested() || next(last) != nullptr; });
    if (stop.stop_requested()) return;
    auto& queue = *next(last);
    auto task = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    ++queue.running;
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
    --queue.running;
    if (!queue.waiting.empty()) wanted.notify_one();  // there may be a place for it now
  }
}

void EffectThreads::end() {
  {
    const std::scoped_lock lock{mutex_};
    if (std::exchange(ended_, true)) return;
    for (auto& queue : queues_) queue.waiting.clear();
    for (auto& thread : threads_) thread.request_stop();
    wanted_.notify_all();
    thaw_wanted_.notify_all();
  }
  threads_.clear();
}

}  // namespace hearth::control
