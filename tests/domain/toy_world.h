// One function, whole, without a machine: a fleet, the pools of one or two gateways, and a toy engine. The first
// gateway lives beside the fleet, as hearthd's own does; the second is behind a network that delivers in order, late.
// Every answer is checked from the outside, by what is really so.
#pragma once

#include "domain/fleet.h"
#include "domain/fleet_bench.h"
#include "domain/pool.h"
#include "domain/toy_calls.h"
#include "domain/toy_engine.h"
#include "domain/toy_tally.h"

#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace hearth::domain {

struct WorldSettings {
  FleetSettings fleet;
  std::uint32_t pools = 1;
  std::uint32_t max_starts = 2;
  std::uint32_t max_held = 20;
  std::uint32_t adopted = 0;
};

class ToyWorld {
 public:
  ToyWorld(const WorldSettings& settings, std::uint32_t seed);

  // One thing happens, anything.
  void step();
  // From here on nothing fails and nobody calls; runs until nothing is left to happen. Time moves only to when
  // somebody asked to be woken.
  void calm_down();
  // A call by each gateway, answered well by a world that is calm.
  void serve_again();
  void remove();
  // It gives everything up alive; calls go on meanwhile, and some come still.
  void yield();

  // What must be so once it is calm.
  void check_rest();
  void check_cold();
  void check_yielded();

  const std::string& violation() const { return violation_; }
  const Tally& tally() const { return tally_; }

 private:
  using Message = std::function<void()>;

  void violated(const std::string& what);
  std::uint32_t random(std::uint32_t below) { return random_() % below; }
  bool chance(std::uint32_t percent) { return random(100) < percent; }

  // The calls' side.
  void call_arrives(PoolId pool, Duration patience);
  void call_ends(bool well);
  void call_leaves();
  void granted(PoolId pool, const Grant& grant);
  void expire(PoolId pool);

  // The engine's side.
  void order_ends(std::size_t which, bool lucky);
  bool may_fail_to_thaw(ReplicaId replica) const;
  void replica_dies();
  void hear_death(ReplicaId replica);

  // Between fleet and pools.
  void settle();
  void apply(const FleetEffect& effect);
  void lend(const Lend& lend);
  void reclaim(const Reclaim& reclaim);
  void recall(const Recall& recall);
  void yielded(ReplicaId replica);
  void lost(PoolId pool, ReplicaId replica);
  void refuse_held(PoolId pool);
  void to_pool(PoolId pool, Message message);
  void to_fleet(PoolId pool, Message message);
  void report(PoolId pool);
  bool deliver(std::deque<Message>& link);

  void change_something();
  void step_engine_and_calls();
  std::optional<Time> next_wake() const;
  void advance(Time to);
  void check();

  WorldSettings settings_;
  std::mt19937 random_;
  Time now_{std::chrono::hours{1}};
  CountingIds ids_;
  std::vector<Pool> pools_;
  Fleet fleet_;
  ToyEngine engine_;
  ToyCalls calls_;
  FleetEffects effects_;
  CallId last_call_ = 0;
  std::uint64_t last_revision_ = 1;
  std::deque<Message> out_;         // to the second gateway
  std::deque<Message> in_;          // from it
  PoolReport heard_;                // from it, latest
  std::optional<Time> next_long_;   // when it reports by itself
  std::vector<ReplicaId> deaths_;   // not yet heard
  std::set<ReplicaId> obituaries_;  // heard, though its start was not yet
  bool away_ = false;
  Tally tally_;
  std::string violation_;
};

}  // namespace hearth::domain
