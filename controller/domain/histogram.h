// How long things took, counted in fixed buckets. Observing costs a few nanoseconds and allocates nothing.
#pragma once

#include "domain/time.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hearth::domain {

struct Histogram {
  // Upper bounds, each inclusive; what took longer than the last is in `count` alone.
  static constexpr std::array<Duration, 16> kBounds{
      std::chrono::microseconds{500}, std::chrono::milliseconds{1},   std::chrono::microseconds{2500},
      std::chrono::milliseconds{5},   std::chrono::milliseconds{10},  std::chrono::milliseconds{25},
      std::chrono::milliseconds{50},  std::chrono::milliseconds{100}, std::chrono::milliseconds{250},
      std::chrono::milliseconds{500}, std::chrono::seconds{1},        std::chrono::milliseconds{2500},
      std::chrono::seconds{5},        std::chrono::seconds{15},       std::chrono::seconds{60},
      std::chrono::minutes{5}};

  void observe(Duration took) {
    ++count;
    sum += took;
    const auto bucket = std::ranges::lower_bound(kBounds, took);
    if (bucket != kBounds.end()) ++buckets[static_cast<std::size_t>(bucket - kBounds.begin())];
  }

  std::array<std::uint64_t, kBounds.size()> buckets{};  // each apart, not cumulative
  std::uint64_t count = 0;
  Duration sum{0};
};

}  // namespace hearth::domain
