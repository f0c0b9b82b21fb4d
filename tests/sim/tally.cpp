#include "sim/tally.h"

#include <algorithm>
#include <chrono>

namespace hearth::sim {

Peaks::Peaks(domain::Duration length) : most_(static_cast<std::size_t>(length / std::chrono::seconds{1}) + 1) {}

void Peaks::level(domain::Time at, std::uint64_t bytes) {
  carry(static_cast<std::size_t>(at.time_since_epoch() / std::chrono::seconds{1}));
  bytes_ = bytes;
  most_[second_] = std::max(most_[second_], bytes);
}

// What was held goes on to be.
void Peaks::carry(std::size_t up_to) {
  while (second_ < std::min(up_to, most_.size() - 1)) most_[++second_] = bytes_;
}

void Peaks::add(Peaks& other) {
  carry(most_.size());
  other.carry(other.most_.size());
  for (std::size_t i = 0; i < most_.size(); ++i) most_[i] += other.most_[i];
}

double Peaks::most_gb() {
  carry(most_.size());
  return static_cast<double>(std::ranges::max(most_)) / static_cast<double>(1ull << 30);
}

Outcome Tally::outcome() {
  auto outcome = sum;
  outcome.most_gb = memory.most_gb();
  if (cold_ratios.empty()) return outcome;
  const auto third = cold_ratios.begin() + static_cast<std::ptrdiff_t>((cold_ratios.size() - 1) * 3 / 4);
  std::ranges::nth_element(cold_ratios, third);
  outcome.cold_of_three_quarters = *third;
  return outcome;
}

}  // namespace hearth::sim
