// A bounded pool of threads that grows with what is asked of it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hearth::http {

class WorkerPool {
 public:
  explicit WorkerPool(std::uint32_t max_workers) : max_(max_workers) {}
  ~WorkerPool();  // waits for the jobs that run

  // Runs `job` on a thread of its own, or on the next that is free. It throws nothing. Any thread.
  void submit(std::function<void()> job);

 private:
  void work();

  const std::uint32_t max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::size_t idle_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace hearth::http
