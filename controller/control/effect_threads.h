// The threads that block for effects, and what goes first on them.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace hearth::control {

class EffectThreads {
 public:
  using Task = std::function<void()>;  // must not throw

  // What a thread that is free takes first.
  enum class Kind : std::uint8_t {
    thaw,    // a call waits for it, and it is short: some threads do nothing else
    work,    // starts, and all that is not named here
    stop,    // may wait for a grace period: these never take the threads that starts need
    freeze,  // asks the function first: few at once
  };

  EffectThreads(std::uint32_t threads, std::uint32_t most_stops);
  ~EffectThreads();  // ends

  // Any thread; side by side with others, in no order.
  void push(Kind kind, Task task);
  // Waits for what runs and drops what waits, also what comes later.
  void end();

 private:
  struct Queue {
    std::uint32_t most = std::numeric_limits<std::uint32_t>::max();  // at once
    std::uint32_t running = 0;
    std::deque<Task> waiting = {};
  };

  Queue& queue(Kind kind) { return queues_[static_cast<std::size_t>(kind)]; }
  Queue* next(Kind last);  // under the lock; the first with something to take
  void work(const std::stop_token& stop, Kind last, std::condition_variable& wanted);

  std::mutex mutex_;
  bool ended_ = false;
  std::array<Queue, 4> queues_;  // by kind
  std::condition_variable wanted_;
  std::condition_variable thaw_wanted_;
  std::vector<std::jthread> threads_;
};

}  // namespace hearth::control
