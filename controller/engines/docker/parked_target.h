// How many parked networks of a kind stand ready: as many as starts lately wanted at once, between two bounds. Pure.
#pragma once

#include "domain/time.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

namespace hearth::docker {

class ParkedTarget {
 public:
  static constexpr std::chrono::minutes kPeriod{1};

  // At most `max` stand ready, whatever `min` says.
  ParkedTarget(std::size_t min, std::size_t max) : min_(std::min(min, max)), max_(max), count_(min_), spare_(min_) {}

  std::size_t count() const { return count_; }

  // A start took one, and `left` stand ready still.
  void taken(std::size_t left, domain::Time now) {
    tick(now);
    spare_ = std::min(spare_, left);
  }
  // A start found none: with one more it would have.
  void missed(domain::Time now) {
    tick(now);
    if (count_ == min_) end_ = now + kPeriod;
    count_ = std::min(max_, count_ + 1);
    spare_ = 0;
  }
  // After a period in which one was never needed there is one less.
  void tick(domain::Time now) {
    if (count_ == min_ || now < end_) return;
    if (spare_ > 0) --count_;
    spare_ = count_;
    end_ = now + kPeriod;
  }
  // When tick() may find something to do; nothing while there are as few as there may be.
  std::optional<domain::Time> next() const { return count_ > min_ ? std::optional{end_} : std::nullopt; }

 private:
  std::size_t min_;
  std::size_t max_;
  std::size_t count_;
  std::size_t spare_;   // the fewest that stood unused in this period
  domain::Time end_{};  // of the period
};

}  // namespace hearth::docker
