// The output of one build and what comes of it, written by its thread and read by any number of followers.
#pragma once

#include "domain/error.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hearth::control {

class BuildLog {
 public:
  struct Part {
    std::string text;                    // from `offset` on; empty when nothing came in time
    std::size_t next = 0;                // the offset to ask for next
    bool built = false;                  // and its first replica is started
    bool settled = false;                // it has ended and `text` reaches its end
    std::optional<domain::Fault> fault;  // why it failed, once settled
  };

  void write(std::string_view text);
  void built();
  void settle(std::optional<domain::Fault> fault);
  // Waits up to `patience` for something after `offset`, or for being built where that is not known yet.
  Part read(std::size_t offset, std::chrono::milliseconds patience, bool known_built = true) const;

 private:
  static constexpr std::size_t kLimit = 4 << 20;  // what comes after is left out, and the log says so

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::string text_;
  bool truncated_ = false;
  bool built_ = false;
  bool settled_ = false;
  std::optional<domain::Fault> fault_;
};

}  // namespace hearth::control
