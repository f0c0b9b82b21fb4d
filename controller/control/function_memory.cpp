// A function entry's part in the memory that all functions share.
#include "control/faults.h"
#include "control/function_entry.h"

#include <algorithm>

namespace hearth::control {

using domain::Phase;
using domain::ReplicaId;
using domain::Time;

std::vector<domain::IdleReplica> FunctionEntry::spare() const {
  const std::scoped_lock lock{mutex_};
  const auto report = pool_.report(domain::ScaleSettings{}.patience, around_.clock.now());
  std::vector<domain::IdleReplica> idle;
  for (const auto& spare : fleet_.spare({&report, 1})) {
    const auto replica = std::ranges::find(fleet_.replicas(), spare.replica, &domain::Fleet::Replica::id);
    idle.push_back({.function = 0,
                    .replica = spare.replica,
                    .size = revisions_.at(replica->revision)->spec.limits.memory,
                    .start = last_start_,
                    .calls = last_call_,
                    .first_call = first_call_,
                    .idle_since = spare.idle_since});
  }
  return idle;
}

bool FunctionEntry::evict(ReplicaId replica) {
  bool going = false;
  change([&](domain::FleetEffects& effects, Deliveries&, Time now) {
    const auto report = pool_.report(domain::ScaleSettings{}.patience, now);
    going = fleet_.evict(replica, {&report, 1}, effects, now);
  });
  return going;
}

domain::Bytes FunctionEntry::memory_of(std::uint64_t revision) const {
  const std::scoped_lock lock{mutex_};
  const auto known = revisions_.find(revision);
  return known == revisions_.end() ? domain::Bytes{} : known->second->spec.limits.memory;
}

domain::Fault FunctionEntry::held_too_long() const {
  const std::scoped_lock lock{mutex_};
  return deadline_fault();
}

// With mutex_ held. A start whose turn has come has a meter.
domain::Fault FunctionEntry::deadline_fault() const {
  const bool waits = std::ranges::any_of(fleet_.replicas(), [&](const auto& replica) {
    return replica.life.phase == Phase::initializing && !meter_.find(replica.id);
  });
  const auto name = to_string(name_);
  return waits && around_.runner.short_of_memory() ? held_for_memory(name, around_.runner.memory())
                                                   : held_to_its_deadline(name);
}

}  // namespace hearth::control
