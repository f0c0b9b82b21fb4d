// A fleet with its pools and no engine: whatever it orders is noted, and the test answers for the engine.
#pragma once

#include "domain/fleet.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace hearth::domain {

// What tests of the fleet begin with, most of them.
inline FleetSettings one_at_a_time() {
  FleetSettings settings;
  settings.scale.concurrency = 1;
  settings.scale.idle_timeout = std::chrono::seconds{60};
  return settings;
}

inline FleetSettings freezing() {
  auto settings = one_at_a_time();
  settings.freeze_after = std::chrono::seconds{2};
  return settings;
}

class CountingIds final : public ReplicaIds {
 public:
  ReplicaId next() override { return ++last_; }

 private:
  ReplicaId last_ = 0;
};

class FleetBench {
 public:
  explicit FleetBench(FleetSettings settings, std::uint32_t pools = 1)
      : settings(settings), pools_(pools, Pool{1000, 1}), fleet(settings, pools, ids_) {
    happens([&] { fleet.serve(1, settings); });
  }

  // --- what a test makes happen, each followed by the fleet's next steps ---
  bool call(CallId call, PoolId pool = 0, Duration patience = std::chrono::hours{1}) {
    const auto answer = pools_[pool].call_arrived(call, now + patience, 0, now);
    if (const auto* grant = std::get_if<Grant>(&answer)) note(*grant);
    settle();
    return std::holds_alternative<Grant>(answer);
  }
  void end(CallId call, PoolId pool = 0) {
    const auto grant = std::ranges::find(grants, call, &Grant::call);
    const auto slot = grant->slot;
    grants.erase(grant);
    happens([&] {
      const auto ended = pools_[pool].call_ended(slot, 0, now);
      if (ended.next) note(*ended.next);
      if (ended.given_back) fleet.given_back(pool, *ended.given_back, effects_, now);
    });
  }
  void complete(CallId call, PoolId pool = 0) {
    fleet.call_completed(std::ranges::find(grants, call, &Grant::call)->slot.replica);
    end(call, pool);
  }
  void happens(const std::function<void()>& what) {
    what();
    settle();
  }
  void loaded(ReplicaId replica) {
    happens([&] { fleet.loaded(replica, epoch(replica), effects_, now); });
  }
  void start_failed(ReplicaId replica) {
    happens([&] { fleet.start_failed(replica, epoch(replica), effects_, now); });
  }
  void froze(ReplicaId replica) {
    happens([&] { fleet.froze(replica, epoch(replica), now); });
  }
  void not_frozen(ReplicaId replica) {
    happens([&] { fleet.not_frozen(replica, epoch(replica), effects_, now); });
  }
  void not_thawed(ReplicaId replica) {
    happens([&] { fleet.not_thawed(replica, epoch(replica), effects_, now); });
  }
  void thawed(ReplicaId replica) {
    happens([&] { fleet.thawed(replica, epoch(replica), effects_, now); });
  }
  void prepare(std::uint64_t revision) {
    happens([&] { fleet.prepare(revision, settings); });
  }
  void gone(ReplicaId replica) {
    happens([&] { fleet.gone(replica, epoch(replica)); });
  }
  void died(ReplicaId replica) {
    happens([&] { fleet.died(replica, effects_, now); });
  }
  void passes(Duration time) {
    now += time;
    settle();
  }
  // As a dispatcher does: whatever pools can answer at once is answered at once.
  void settle() {
    do {
      for (std::size_t i = 0; i < effects_.size(); ++i) apply(FleetEffect{effects_[i]});
      effects_.clear();
      std::vector<PoolReport> reports;
      for (auto& pool : pools_) reports.push_back(pool.report(settings.scale.patience, now));
      fleet.decide(reports, effects_, now);
    } while (!effects_.empty());
  }
  // Makes one warm from nothing.
  ReplicaId warm_one() {
    const auto replica = started().back();
    loaded(replica);
    return replica;
  }

  // Call 1 came and ended: replica 1 idles.
  void idle_one() {
    call(1);
    warm_one();
    end(1);
  }
  // And was frozen for that.
  void frozen_one() {
    idle_one();
    passes(*settings.freeze_after);
    froze(1);
  }

  // --- what a test looks at ---
  std::vector<ReplicaId> started() const { return ordered(Act::start); }
  std::vector<ReplicaId> ordered(Act act) const {
    std::vector<ReplicaId> found;
    for (const auto& order : orders) {
      if (order.act == act) found.push_back(order.replica);
    }
    return found;
  }
  std::vector<Act> orders_of(ReplicaId replica) const {
    std::vector<Act> found;
    for (const auto& order : orders) {
      if (order.replica == replica) found.push_back(order.act);
    }
    return found;
  }
  std::uint32_t epoch(ReplicaId replica) const {
    const auto found = std::ranges::find(fleet.replicas(), replica, &Fleet::Replica::id);
    return found == fleet.replicas().end() ? 0 : found->epoch;
  }
  Life life(ReplicaId replica) const {
    const auto found = std::ranges::find(fleet.replicas(), replica, &Fleet::Replica::id);
    return found == fleet.replicas().end() ? Life{} : found->life;
  }
  bool has_grant(CallId call) const { return std::ranges::find(grants, call, &Grant::call) != grants.end(); }
  Pool& pool(PoolId pool = 0) { return pools_[pool]; }

  FleetSettings settings;
  Time now{std::chrono::hours{1}};
  std::vector<Order> orders;
  std::vector<Grant> grants;  // calls in flight
  std::vector<std::pair<CallId, Refusal>> refusals;
  std::vector<ReplicaId> yielded;
  FleetEffects& effects() { return effects_; }

 private:
  void note(const Grant& grant) { grants.push_back(grant); }
  void apply(const FleetEffect& effect) {
    if (const auto* order = std::get_if<Order>(&effect)) {
      orders.push_back(*order);
    } else if (const auto* lend = std::get_if<Lend>(&effect)) {
      for (const auto& grant : pools_[lend->pool].lend(lend->replica, lend->first, lend->count, now)) note(grant);
    } else if (const auto* reclaim = std::get_if<Reclaim>(&effect)) {
      if (pools_[reclaim->pool].reclaim(reclaim->replica)) {
        fleet.given_back(reclaim->pool, reclaim->replica, effects_, now);
      }
    } else if (const auto* recall = std::get_if<Recall>(&effect)) {
      for (const auto& grant : pools_[recall->pool].recall(recall->replica, now)) note(grant);
    } else if (const auto* yield = std::get_if<Yield>(&effect)) {
      yielded.push_back(yield->replica);
    } else if (const auto* lost = std::get_if<Lost>(&effect)) {
      for (auto& pool : pools_) pool.lost(lost->replica);
    } else if (const auto* refusal = std::get_if<RefuseHeld>(&effect)) {
      for (auto& pool : pools_) {
        for (const auto call : pool.refuse_all()) refusals.emplace_back(call, refusal->reason);
      }
    }
  }

  CountingIds ids_;
  std::vector<Pool> pools_;
  FleetEffects effects_;

 public:
  Fleet fleet;
};

}  // namespace hearth::domain
