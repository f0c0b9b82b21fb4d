#include "sim/greedy_dual.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hearth::sim {

using domain::Bytes;
using domain::IdleReplica;
using domain::Time;

double GreedyDual::clock_at(Time time) const {
  const auto after = std::ranges::upper_bound(marks_, time, {}, &Mark::since);
  return after == marks_.begin() ? 0 : std::prev(after)->clock;
}

double GreedyDual::worth(const IdleReplica& replica) const {
  const auto cost = std::chrono::duration<double, std::milli>(replica.start).count();
  const auto mebibytes = static_cast<double>(std::max<std::uint64_t>(1, replica.size.count)) / (1u << 20);
  return clock_at(replica.idle_since) + static_cast<double>(replica.calls) * cost / mebibytes;
}

std::vector<IdleReplica> GreedyDual::evict(std::vector<IdleReplica> idle, Bytes missing, Time now) {
  if (idle.empty() || missing.count == 0) return {};
  const auto oldest = std::ranges::min(idle, {}, &IdleReplica::idle_since).idle_since;
  while (marks_.size() > 1 && marks_[1].since <= oldest) marks_.pop_front();

  using Ranked = std::pair<double, std::size_t>;
  std::vector<Ranked> ranked;
  ranked.reserve(idle.size());
  for (std::size_t i = 0; i < idle.size(); ++i) ranked.emplace_back(worth(idle[i]), i);
  std::ranges::make_heap(ranked, std::greater{});
  std::vector<IdleReplica> going;
  std::uint64_t freed = 0;
  double clock = 0;
  while (freed < missing.count && !ranked.empty()) {
    std::ranges::pop_heap(ranked, std::greater{});
    const auto [least, which] = ranked.back();
    ranked.pop_back();
    clock = std::max(clock, least);
    freed += idle[which].size.count;
    going.push_back(idle[which]);
  }
  advance(clock, now);
  return going;
}

void GreedyDual::advance(double clock, Time now) {
  if (!marks_.empty() && clock <= marks_.back().clock) return;
  if (!marks_.empty() && marks_.back().since == now) {
    marks_.back().clock = clock;
  } else {
    marks_.push_back({now, clock});
  }
}

}  // namespace hearth::sim
