#include "domain/eviction.h"

#include <algorithm>
#include <utility>

namespace hearth::domain {

double worth(const IdleReplica& replica, Time now) {
  const auto seconds = [](Duration time) { return std::max(1e-3, std::chrono::duration<double>(time).count()); };
  const auto cost = std::chrono::duration<double, std::milli>(replica.start).count();
  const auto mebibytes = static_cast<double>(std::max<std::uint64_t>(1, replica.size.count)) / (1u << 20);
  auto calls_a_second = 1 / seconds(now - replica.idle_since);
  if (replica.calls > 0) {
    const auto so_far = static_cast<double>(replica.calls) / seconds(now - replica.first_call);
    calls_a_second = std::min(calls_a_second, so_far);
  }
  return calls_a_second * cost / mebibytes;
}

std::vector<IdleReplica> worth_least(std::vector<IdleReplica> idle, Bytes missing, Time now) {
  using Ranked = std::pair<double, std::size_t>;
  std::vector<Ranked> ranked;
  ranked.reserve(idle.size());
  for (std::size_t i = 0; i < idle.size(); ++i) ranked.emplace_back(worth(idle[i], now), i);
  std::ranges::make_heap(ranked, std::greater{});
  std::vector<IdleReplica> going;
  std::uint64_t freed = 0;
  while (freed < missing.count && !ranked.empty()) {
    std::ranges::pop_heap(ranked, std::greater{});
    const auto which = ranked.back().second;
    ranked.pop_back();
    freed += idle[which].size.count;
    going.push_back(idle[which]);
  }
  return going;
}

}  // namespace hearth::domain
