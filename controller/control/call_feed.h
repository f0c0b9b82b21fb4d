// The calls that end, as they do, for whoever looks on. While nobody does, a call costs one atomic load. Any thread.
#pragma once

#include "domain/function.h"
#include "domain/time.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace hearth::control {

struct CallRecord {
  std::string id;
  std::string method;
  std::string target;  // behind the function's own path: "/users?id=7"
  int status = 0;      // 0: the client was gone before there was an answer
  std::chrono::microseconds took{0};
};

class CallFeed {
 private:
  struct Seat;

 public:
  // One who looks on, from when it was made until it is gone. One thread.
  class Follower {
   public:
    ~Follower();
    Follower(Follower&&) noexcept = default;
    Follower& operator=(Follower&&) = delete;
    // The calls that ended since it was last asked. Where none did, waits up to `patience`, less when stopped. So slow
    // that there were too many, it misses the oldest.
    std::vector<CallRecord> read(std::chrono::milliseconds patience, std::stop_token stop);

   private:
    friend class CallFeed;
    Follower(CallFeed& feed, std::shared_ptr<Seat> seat) : feed_(&feed), seat_(std::move(seat)) {}

    CallFeed* feed_;  // outlives it
    std::shared_ptr<Seat> seat_;
  };

  // `function` as to_string(FunctionName) writes it.
  Follower follow(const std::string& function);

  bool is_wanted() const noexcept { return followers_.load(std::memory_order_relaxed) > 0; }
  void add(std::string_view function, const CallRecord& record);

 private:
  static constexpr std::size_t kMostKept = 1000;  // for each follower

  std::atomic<std::size_t> followers_{0};
  std::mutex mutex_;
  std::vector<std::shared_ptr<Seat>> seats_;
};

}  // namespace hearth::control
