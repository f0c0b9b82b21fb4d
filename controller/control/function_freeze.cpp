// A function entry's part in freezing: what its replicas' owner does before, and hears after.
#include "control/function_entry.h"

#include <algorithm>

namespace hearth::control {

using domain::Fault;
using domain::FleetEffects;
using domain::Order;
using domain::Phase;
using domain::ReplicaId;
using domain::Time;

// A server that is not ours closes what is idle by a clock that goes on while it is frozen: it is left with no
// connection. Nobody has a lease of it.
ports::Freeze FunctionEntry::freezing(const Order& order) {
  std::vector<std::unique_ptr<Connection>> closed;
  const std::scoped_lock lock{mutex_};
  const auto found = replicas_.find(order.replica);
  if (found != replicas_.end() && !found->second->info.own_socket) {
    for (auto& connection : found->second->connections) closed.push_back(std::move(connection));
  }
  const auto when = revisions_.at(order.revision)->spec.scale.freeze.when;
  return when == domain::Freeze::When::automatic ? ports::Freeze::if_quiet : ports::Freeze::in_any_case;
}

void FunctionEntry::froze(const Order& order) {
  change([&](FleetEffects&, Deliveries&, Time now) {
    awake_.erase(order.replica);
    fleet_.froze(order.replica, order.epoch, now);
  });
}

void FunctionEntry::not_frozen(const Order& order, const std::string& why) {
  change([&](FleetEffects& effects, Deliveries&, Time now) {
    const auto found = std::ranges::find(fleet_.replicas(), order.replica, &domain::Fleet::Replica::id);
    // One that was wanted meanwhile was not asked to the end.
    const bool asked = found != fleet_.replicas().end() && found->epoch == order.epoch;
    if (asked) awake_[order.replica] = why;
    fleet_.not_frozen(order.replica, order.epoch, effects, now);
  });
}

void FunctionEntry::thawed(const Order& order, std::chrono::microseconds took) {
  change([&](FleetEffects& effects, Deliveries& out, Time now) {
    lending_times_ = {.thaw = took};
    fleet_.thawed(order.replica, order.epoch, effects, now);
    settle(effects, out, now);
    lending_times_ = {};
  });
}

void FunctionEntry::not_thawed(const Order& order, const Fault& why) {
  change([&](FleetEffects& effects, Deliveries&, Time now) {
    last_death_ = why;
    fleet_.not_thawed(order.replica, order.epoch, effects, now);
  });
}

void FunctionEntry::note_frozen(Time now) {
  for (const auto& replica : fleet_.replicas()) {
    if (const auto meter = meter_.find(replica.id)) meter->frozen(replica.life.phase == Phase::frozen, now);
  }
}

}  // namespace hearth::control
