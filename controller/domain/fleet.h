// The replicas of one function, whichever gateways serve it: starts, stops, freezes and lends their slots to pools.
// Level-triggered: it is told what happened and what the pools report, and decides the next steps. Never acts, holds
// no clock; not thread-safe: its owner guards it and carries the effects out after letting go, in order per replica.
#pragma once

#include "domain/backoff.h"
#include "domain/keep_alive.h"
#include "domain/pool.h"
#include "domain/replica.h"
#include "domain/scaler.h"
#include "domain/time.h"

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace hearth::domain {

using PoolId = std::uint32_t;  // 0, 1, 2 …

// Of the engine, in order per replica. What it reports back carries the epoch; a report with an old one is dropped.
struct Order {
  Act act = Act::start;
  ReplicaId replica = 0;
  std::uint64_t revision = 0;
  std::uint32_t epoch = 0;
  bool at_once = false;  // of a stop: nobody waits for its last words
};
// Of the pools.
struct Lend {
  PoolId pool = 0;
  ReplicaId replica = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};
struct Reclaim {
  PoolId pool = 0;
  ReplicaId replica = 0;
};
// What was asked back is not wanted any more.
struct Recall {
  PoolId pool = 0;
  ReplicaId replica = 0;
};
struct Lost {
  ReplicaId replica = 0;
};
struct RefuseHeld {
  Refusal reason;
};
// A replica that nobody uses any more, given up alive; to be followed by released().
struct Yield {
  ReplicaId replica = 0;
};
using FleetEffect = std::variant<Order, Lend, Reclaim, Recall, Lost, RefuseHeld, Yield>;
using FleetEffects = std::vector<FleetEffect>;

struct FleetSettings {
  ScaleSettings scale;
  std::optional<Duration> freeze_after;               // idle for this long: frozen; never where absent
  BackoffSettings freeze_again;                       // after one that could not be frozen, or had better not
  Duration healthy_after = std::chrono::seconds{10};  // a replica that died sooner counts as one that cannot start
  std::uint32_t broken_limit = 3;                     // connections lost in a row before a replica is given up
  BackoffSettings backoff;
};

// Hands out ids; shared by all fleets, under its owner's care (the value is atomic where threads share it).
class ReplicaIds {
 public:
  virtual ~ReplicaIds() = default;
  virtual ReplicaId next() = 0;
};

class Fleet {
 public:
  struct Replica {
    ReplicaId id = 0;
    std::uint64_t revision = 0;
    Life life = {};
    Time since{};  // in this phase
    std::uint32_t epoch = 0;
    std::uint32_t in_flight = 0;  // as last reported
  };

  Fleet(FleetSettings settings, std::uint32_t pools, ReplicaIds& ids);

  // `revision` serves from now on. Others go on until one of it is warm; then they drain. Its own that drain are
  // taken back.
  void serve(std::uint64_t revision, FleetSettings settings);
  // `revision` serves as soon as one replica of it is warm: at once where one lives, else one is started, once, beside
  // what serves. Whatever was prepared before is given up.
  void prepare(std::uint64_t revision, FleetSettings settings);
  void forget_candidate() { candidate_.reset(); }
  // Everything drains; nothing starts any more.
  void remove();
  // Every replica is given up, as soon as none of its calls is left: by Yield where it lives. Calls that are held are
  // served still.
  void yield();
  // Until then replicas that live are still to be adopted: none is started in their place.
  void expect(Time until);
  // How long the last idle replica stays, and when one is made before it is asked for, from here on; without a plan
  // idle_timeout says it all. `idle_since`: what the plan counts from; nothing while the function is busy.
  void keep(const KeepPlan& plan, std::optional<Time> idle_since);
  // A replica that lives already and listens.
  void adopt(ReplicaId replica, std::uint64_t revision, FleetEffects& effects, Time now);

  // What the engine reports. A start that failed leaves nothing behind.
  void loaded(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now);
  void start_failed(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now);
  void froze(ReplicaId replica, std::uint32_t epoch, Time now);
  // It is as warm as before; later it is tried again.
  void not_frozen(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now);
  void thawed(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now);
  // It is given up; what is held for it goes on with another.
  void not_thawed(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now);
  void gone(ReplicaId replica, std::uint32_t epoch);
  void released(ReplicaId replica);  // what was yielded is another's
  void died(ReplicaId replica, FleetEffects& effects, Time now);
  void engine_away(bool away);

  // What the pools report.
  void given_back(PoolId pool, ReplicaId replica, FleetEffects& effects, Time now);
  void call_broken(ReplicaId replica, FleetEffects& effects, Time now);  // its connection failed
  void call_completed(ReplicaId replica);
  void overran(ReplicaId replica, FleetEffects& effects, Time now);  // passed a deadline while it could do nothing else

  // The next steps, given one report a pool (in their order; it may be a little old, and then RefuseHeld is repeated
  // until a newer one tells that nothing is held). A pool behind a network reports whenever it holds one call more,
  // at its own next_long, and after every effect that reached it.
  void decide(std::span<const PoolReport> reports, FleetEffects& effects, Time now);
  // Idle replicas that the function could do without, the longest idle first; none while calls of it are held.
  struct Spare {
    ReplicaId replica = 0;
    Time idle_since{};
  };
  std::vector<Spare> spare(std::span<const PoolReport> reports) const;
  // It makes room for another function; false where it is not spare (any more).
  bool evict(ReplicaId replica, std::span<const PoolReport> reports, FleetEffects& effects, Time now);
  // When decide() has something to do though nothing happens; computed by the last decide().
  std::optional<Time> wake_at() const { return wake_at_; }

  const std::vector<Replica>& replicas() const { return replicas_; }
  const Backoff& backoff() const { return backoff_; }
  std::uint64_t revision() const { return revision_; }
  std::uint64_t candidate() const { return candidate_ ? candidate_->revision : 0; }  // prepared, and not warm yet
  bool removed() const { return removed_; }
  bool backing_off(Time now) const { return backoff_.waiting(now); }

 private:
  // Why a replica's slots were asked back.
  enum class Reclaimed : std::uint8_t { no, to_share, to_freeze, to_stop };
  struct Share {
    std::uint32_t first = 0;
    std::uint32_t count = 0;  // lent now; 0: none
    bool asked_back = false;
  };
  struct Entry {
    std::vector<Share> shares = {};  // by pool
    Reclaimed reclaimed = Reclaimed::no;
    std::uint32_t concurrency = 1;  // of its revision
    std::optional<Duration> freeze_after = {};
    Backoff freezing = {};
    Time ready_at{};
    Time idle_since{};
    std::uint32_t broken = 0;  // connections in a row
    bool lent() const;
  };
  struct Candidate {
    std::uint64_t revision = 0;
    FleetSettings settings;
  };
  struct Expected {  // a call is, from … to
    Time from{};
    Time to{};
  };
  struct View;  // of one decide()

  std::size_t index_of(ReplicaId replica) const;  // replicas_.size() when unknown
  bool step(std::size_t at, Event event, FleetEffects& effects, Time now, bool at_once = false);
  void blame(std::size_t at, Time began, Time now, std::uint32_t free = 0);
  void absolve(std::size_t at);
  void judge(std::size_t at, Time now);  // a replica that ends unasked
  void give_up(std::size_t at, FleetEffects& effects, Time now);
  void erase(std::size_t at);
  std::size_t add(ReplicaId replica, std::uint64_t revision, const FleetSettings& settings, Time now);
  void drain(std::size_t at, FleetEffects& effects, Time now);
  bool recall(std::size_t at, FleetEffects& effects, Time now);
  void lend_gaps(std::size_t at, FleetEffects& effects);
  void start(std::uint64_t revision, const FleetSettings& settings, FleetEffects& effects, Time now);
  void lend_all(std::size_t at, FleetEffects& effects);
  std::vector<PoolId> neediest_first() const;
  void reclaim(std::size_t at, Reclaimed why, FleetEffects& effects, Time now);
  void settle(std::size_t at, FleetEffects& effects, Time now);  // all its slots are back

  void observe(std::span<const PoolReport> reports, View& view, FleetEffects& effects, Time now);
  void take_back(FleetEffects& effects, Time now);
  void retire(View& view, FleetEffects& effects, Time now);
  void start_candidate(FleetEffects& effects, Time now);
  void thaw(View& view, FleetEffects& effects, Time now);
  bool refuse(const View& view, FleetEffects& effects, Time now);
  void grow(View& view, FleetEffects& effects, Time now);
  void share(std::span<const PoolReport> reports, FleetEffects& effects);
  bool ask_for(PoolId needy, std::span<const PoolReport> reports, bool busy_too, FleetEffects& effects);
  void rest(const View& view, FleetEffects& effects, Time now);
  void give_away(const View& view, FleetEffects& effects, Time now);
  void cool(std::size_t at, bool wanted, FleetEffects& effects, Time now);
  void wake(Time at);
  std::uint32_t least(Time now) const;
  Time leaves_at(std::size_t at, bool last) const;
  Duration shortest_stay(std::size_t at) const;

  FleetSettings settings_;
  std::uint32_t pools_;
  ReplicaIds& ids_;
  std::uint64_t revision_ = 0;
  std::optional<Candidate> candidate_;
  bool switched_ = false;  // since the last decide() another revision serves
  bool removed_ = false;
  bool yielding_ = false;
  Time expecting_until_{};
  bool engine_away_ = false;
  Backoff backoff_;
  Time failed_at_{};  // what was there by then can add nothing to that failure, nor take it back
  std::vector<Replica> replicas_;
  std::vector<Entry> entries_;       // beside replicas_
  std::vector<std::uint32_t> need_;  // calls held, by pool, as last reported
  std::optional<Time> wake_at_;
  std::optional<Duration> keep_;
  std::optional<Expected> again_;
  std::optional<Time> made_room_at_;
};

}  // namespace hearth::domain
