#include "sim/policies.h"

#include <algorithm>

namespace hearth::sim {

using domain::IdleReplica;

Keeper Policy::keeper(domain::Bytes memory_of_one) const {
  if (const auto* fixed = std::get_if<Fixed>(&keeps)) return domain::FixedKeepAlive{fixed->keep};
  if (const auto* hybrid = std::get_if<Hybrid>(&keeps)) return domain::HybridKeepAlive{hybrid->settings};
  return Foresight{std::get<Oracle>(keeps).gb_seconds, memory_of_one};
}

std::vector<IdleReplica> Evictor::evict(std::vector<IdleReplica> idle, domain::Bytes missing, domain::Time now,
                                        const std::vector<domain::Time>& next_call) {
  if (how_ == Eviction::worth_least) return domain::worth_least(std::move(idle), missing, now);
  if (how_ == Eviction::greedy_dual) return greedy_dual_.evict(std::move(idle), missing, now);
  const auto cost = [&](const IdleReplica& one) {
    const auto unused = how_ == Eviction::least_recent ? now - one.idle_since : next_call[one.function] - now;
    const auto size = how_ == Eviction::least_recent ? 1.0 : static_cast<double>(one.size.count);
    return std::chrono::duration<double>(unused).count() * size;
  };
  std::ranges::sort(idle, std::greater{}, cost);
  std::uint64_t freed = 0;
  std::size_t going = 0;
  for (; going < idle.size() && freed < missing.count; ++going) freed += idle[going].size.count;
  idle.resize(going);
  return idle;
}

}  // namespace hearth::sim
