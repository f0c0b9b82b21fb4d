// Tries again by time what went wrong: rounds on a thread of its own, for as long as somebody asks for them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace hearth::docker {

class Upkeep {
 public:
  static constexpr std::chrono::milliseconds kFirst{250};     // from being asked to the round
  static constexpr std::chrono::milliseconds kLongest{5000};  // after many rounds in a row that had work

  // Whether there was anything to do. What it could not finish it asks for again. Throws nothing.
  using Round = std::function<bool(const std::stop_token& stop)>;

  explicit Upkeep(Round round);

  void ask();  // any thread, also from a round; returns at once
  void end();  // returns when the round that runs is over; none follows

 private:
  void run(const std::stop_token& stop);

  const Round round_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool asked_ = false;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace hearth::docker
