// What is to happen when, in order of time: a bucket a second, each put in order when its second has come. A heap of
// everything would be out of the processor's cache; a second of it is not.
#pragma once

#include "domain/time.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace hearth::sim {

// `Event` has `at`, and an operator> that orders those of one time too. What lies at or beyond `end` never happens.
template <class Event>
class Agenda {
 public:
  explicit Agenda(domain::Duration end) : end_(end), buckets_(index(domain::Time{end}) + 1) {}

  void push(Event event) {
    if (event.at.time_since_epoch() >= end_) return;
    const auto bucket = std::max(index(event.at), current_);
    buckets_[bucket].push_back(std::move(event));
    if (bucket == current_) std::ranges::push_heap(buckets_[bucket], std::greater{});
  }

  // False: nothing is left.
  bool pop(Event& into) {
    while (buckets_[current_].empty()) {
      if (current_ + 1 == buckets_.size()) return false;
      std::vector<Event>{}.swap(buckets_[current_]);
      ++current_;
      std::ranges::make_heap(buckets_[current_], std::greater{});
    }
    auto& bucket = buckets_[current_];
    std::ranges::pop_heap(bucket, std::greater{});
    into = std::move(bucket.back());
    bucket.pop_back();
    return true;
  }

 private:
  static std::size_t index(domain::Time at) {
    return static_cast<std::size_t>(at.time_since_epoch() / std::chrono::seconds{1});
  }

  domain::Duration end_;
  std::size_t current_ = 0;
  std::vector<std::vector<Event>> buckets_;
};

}  // namespace hearth::sim
