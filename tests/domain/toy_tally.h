// What a schedule of a toy world brought about, so that a test can tell that it tested something.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace hearth::domain {

struct Tally {
  enum Kind : std::uint8_t {
    granted_at_once,
    granted_later,
    refused,
    expired,
    failed_starts,
    failed_freezes,
    failed_thaws,
    died,
    reclaimed_busy,
    recalled,
    proven,    // candidates that came to serve
    unproven,  // and that did not start
    kinds
  };
  std::array<std::uint64_t, kinds> of = {};
  std::array<std::uint64_t, 4> orders = {};  // by act

  std::uint64_t& operator[](Kind kind) { return of[kind]; }
  std::uint64_t least() const { return std::min(*std::ranges::min_element(of), *std::ranges::min_element(orders)); }
  void add(const Tally& other) {
    for (std::size_t kind = 0; kind < of.size(); ++kind) of[kind] += other.of[kind];
    for (std::size_t act = 0; act < orders.size(); ++act) orders[act] += other.orders[act];
  }
};

}  // namespace hearth::domain
