// How long to wait before the next try, so that what cannot start never causes a storm. Pure.
#pragma once

#include "domain/time.h"

#include <algorithm>
#include <cstdint>

namespace hearth::domain {

struct BackoffSettings {
  Duration first = std::chrono::seconds{1};
  Duration most = std::chrono::minutes{1};
};

class Backoff {
 public:
  Backoff() = default;
  explicit Backoff(BackoffSettings settings) : settings_(settings) {}

  // One more failure in a row. `free` of them cost no wait: a replica that died once is replaced at once.
  void failed(Time now, std::uint32_t free = 0) {
    ++failures_;
    if (failures_ <= free) return;
    const auto doublings = std::min<std::uint32_t>(failures_ - free - 1, 20);
    retry_at_ = now + std::min(settings_.most, settings_.first * (1u << doublings));
  }
  void succeeded() { *this = Backoff{settings_}; }

  bool waiting(Time now) const { return now < retry_at_; }
  Time retry_at() const { return retry_at_; }
  std::uint32_t failures() const { return failures_; }

 private:
  BackoffSettings settings_ = {};
  std::uint32_t failures_ = 0;
  Time retry_at_{};  // long ago
};

}  // namespace hearth::domain
