#include "sim/world.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

namespace hearth::sim {

using namespace std::chrono_literals;
using domain::Act;
using domain::Duration;
using domain::FleetEffect;
using domain::Grant;
using domain::Order;
using domain::ReplicaId;
using domain::ReplicaMeter;
using domain::Slot;
using domain::Time;

namespace {

constexpr Duration kPatience = domain::ScaleSettings{}.patience;
constexpr Time kNever = Time::max();
constexpr std::uint32_t kHeld = 100'000;
constexpr std::uint32_t kStarts = 100'000;
constexpr ReplicaId kLook = 1;  // in an event to make room: it looks again, by itself

domain::FleetSettings fleet_settings(const Policy& policy, const WorldSettings& world) {
  domain::FleetSettings settings;
  settings.scale.concurrency = world.concurrency;
  settings.scale.max = settings.scale.max_starting = world.max_replicas;
  if (const auto* fixed = std::get_if<Fixed>(&policy.keeps)) settings.scale.idle_timeout = fixed->keep;
  if (const auto* hybrid = std::get_if<Hybrid>(&policy.keeps)) settings.scale.idle_timeout = hybrid->settings.fallback;
  if (std::holds_alternative<Oracle>(policy.keeps)) settings.scale.idle_timeout = 24h;
  return settings;
}

// Of this thread: what a run takes on a core of its own, whoever else uses the machine.
double cpu_seconds() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

}  // namespace

World::Function::Function(const domain::FleetSettings& settings, domain::ReplicaIds& ids, Keeper keeper_in)
    : pool(kHeld, 1), fleet(settings, 1, ids), keeper(keeper_in) {
  fleet.serve(1, settings);
}

World::World(const Trace& trace, Calls& calls, Range functions, const Policy& policy, WorldSettings settings)
    : trace_(trace),
      policy_(policy),
      settings_(settings),
      foreseeing_(std::holds_alternative<Oracle>(policy.keeps)),
      calls_(calls),
      first_(functions.from),
      next_call_(functions.to - functions.from, kNever),
      agenda_(trace.length()),
      starts_(kStarts),
      memory_(policy.memory.value_or(domain::Bytes{~0ull >> 1})),
      evictor_(policy.eviction),
      peaks_(trace.length()) {
  const auto fleet = fleet_settings(policy, settings);
  for (std::uint32_t function = 0; function < functions.to - functions.from; ++function) {
    functions_.emplace_back(fleet, ids_, policy.keeper(size_of(function)));
  }
}

void World::run(Tally& into) {
  for (std::uint32_t function = 0; function < functions_.size(); ++function) expect_next(function);
  Event event;
  while (agenda_.pop(event)) {
    now_ = event.at;
    switch (event.kind) {
      case Kind::arrival: arrives(event.function); break;
      case Kind::ended: ended(event.function, event.slot); break;
      case Kind::gone: gone(event.function, event.slot.replica); break;
      case Kind::make_room:
        if (event.slot.replica == kLook) look_again_ = false;
        pump();
        break;
      case Kind::wake: {
        auto& tick = functions_[event.function].tick;
        if (tick && *tick <= now_) tick.reset();
        settle(event.function);
        break;
      }
      case Kind::ready: {
        auto& function = functions_[event.function];
        starts_.done();
        const auto alive = std::ranges::find(function.alive, event.slot.replica, &Alive::id);
        if (alive == function.alive.end()) break;
        alive->meter.ready(now_);
        function.fleet.loaded(event.slot.replica, event.slot.index, effects_, now_);
        settle(event.function);
        break;
      }
    }
  }
  count(into);
}

void World::expect_next(std::uint32_t which) {
  const auto call = calls_.next(first_ + which);
  next_call_[which] = call ? call->at : kNever;
  if (!call) return;
  functions_[which].took = call->took;
  agenda_.push({.at = call->at, .function = which, .kind = Kind::arrival});
}

void World::arrives(std::uint32_t which) {
  auto& function = functions_[which];
  const auto took = function.took;
  expect_next(which);
  if (function.calls++ == 0) function.first_call = now_;
  if (function.pool.in_flight() + function.pool.held() == 0) {
    std::visit([&](auto& keeper) { keeper.turned_busy(now_); }, function.keeper);
  }
  const auto call = ++function.last_call;
  const auto answer = function.pool.call_arrived(call, kNever, 0, now_);
  if (const auto* grant = std::get_if<Grant>(&answer)) return granted(which, *grant, took);
  ++function.cold;
  function.held.push_back({call, took});
  settle(which);
}

void World::granted(std::uint32_t which, const Grant& grant, Duration took) {
  auto& alive = functions_[which].alive;
  std::ranges::find(alive, grant.slot.replica, &Alive::id)->meter.call_began(now_);
  agenda_.push({.at = now_ + took, .function = which, .kind = Kind::ended, .slot = grant.slot});
}

void World::grant_held(std::uint32_t which, const Grant& grant) {
  auto& held = functions_[which].held;
  const auto found = std::ranges::find(held, grant.call, &Waiting::call);
  const auto took = found->took;
  held.erase(found);
  granted(which, grant, took);
}

void World::ended(std::uint32_t which, const Slot& slot) {
  auto& function = functions_[which];
  std::ranges::find(function.alive, slot.replica, &Alive::id)->meter.call_ended(now_);
  const auto ended = function.pool.call_ended(slot, 0, now_);
  if (ended.next) grant_held(which, *ended.next);
  const bool idle = function.pool.in_flight() + function.pool.held() == 0;
  if (idle) std::visit([&](auto& keeper) { keeper.fell_idle(now_); }, function.keeper);
  if (ended.given_back) function.fleet.given_back(0, *ended.given_back, effects_, now_);
  if (ended.given_back || (idle && foreseeing_)) settle(which);
}

void World::settle(std::uint32_t which) {
  auto& function = functions_[which];
  const auto known = foreseeing_ && next_call_[which] != kNever ? std::optional{next_call_[which]} : std::nullopt;
  std::visit([&](const auto& keeper) { function.fleet.keep(keeper.plan(known), keeper.idle_since()); },
             function.keeper);
  auto effects = std::exchange(effects_, {});
  do {
    for (std::size_t i = 0; i < effects.size(); ++i) {
      const auto effect = effects[i];
      apply(which, effect);
      effects.insert(effects.end(), effects_.begin(), effects_.end());
      effects_.clear();
    }
    effects.clear();
    const auto report = function.pool.report(kPatience, now_);
    function.fleet.decide({&report, 1}, effects, now_);
  } while (!effects.empty());
  const auto wake = function.fleet.wake_at();
  if (!wake || (function.tick && *function.tick <= *wake)) return;
  function.tick = wake;
  agenda_.push({.at = *wake, .function = which, .kind = Kind::wake});
}

void World::apply(std::uint32_t which, const FleetEffect& effect) {
  auto& function = functions_[which];
  if (const auto* order = std::get_if<Order>(&effect)) {
    carry_out(which, *order);
  } else if (const auto* lend = std::get_if<domain::Lend>(&effect)) {
    for (const auto& grant : function.pool.lend(lend->replica, lend->first, lend->count, now_)) {
      grant_held(which, grant);
    }
  } else if (const auto* reclaim = std::get_if<domain::Reclaim>(&effect)) {
    if (function.pool.reclaim(reclaim->replica)) function.fleet.given_back(0, reclaim->replica, effects_, now_);
  } else if (const auto* recall = std::get_if<domain::Recall>(&effect)) {
    for (const auto& grant : function.pool.recall(recall->replica, now_)) grant_held(which, grant);
  }
}

void World::carry_out(std::uint32_t which, const Order& order) {
  if (order.act == Act::start) {
    starts_.want(which, order.replica);
    agenda_.push({.at = now_, .function = which, .kind = Kind::make_room});
  } else if (order.act == Act::stop) {
    if (!starts_.drop(which, order.replica)) memory_.leaves(order.replica);
    agenda_.push(
        {.at = now_ + settings_.stop, .function = which, .kind = Kind::gone, .slot = {order.replica, order.epoch}});
  }
}

bool World::fits(std::uint32_t which, ReplicaId replica) {
  short_of_memory_ = !memory_.take(replica, size_of(which));
  return !short_of_memory_;
}

void World::pump() {
  while (true) {
    std::pair<std::uint32_t, ReplicaId> first;
    const auto next = starts_.take([&](std::uint32_t which, ReplicaId replica) {
      first = {which, replica};
      return fits(which, replica);
    });
    if (!next) break;
    const auto [which, replica] = *next;
    auto& function = functions_[which];
    function.alive.push_back({replica, ReplicaMeter{size_of(which), ReplicaMeter::State::initializing, now_}});
    ++started_;
    peaks_.level(now_, memory_.used().count);
    if (policy_.memory && memory_.used() > *policy_.memory) ++violations_;
    // The epoch of a start is 1: it is a replica's first order.
    agenda_.push({.at = now_ + settings_.start, .function = which, .kind = Kind::ready, .slot = {replica, 1}});
  }
  if (starts_.waits() && short_of_memory_) make_room();
}

// What the dispatcher's tick does: a snapshot of what could go, a decision, and word to those whom it concerns.
void World::make_room() {
  std::vector<domain::IdleReplica> idle;
  domain::Bytes wanted{};
  starts_.take([&](std::uint32_t which, ReplicaId) {
    wanted = size_of(which);
    return false;
  });
  const auto missing = memory_.missing(wanted);
  if (missing.count > 0) {
    for (std::uint32_t which = 0; which < functions_.size(); ++which) {
      auto& function = functions_[which];
      if (function.alive.empty()) continue;
      const auto report = function.pool.report(kPatience, now_);
      for (const auto& spare : function.fleet.spare({&report, 1})) {
        idle.push_back({.function = which,
                        .replica = spare.replica,
                        .size = size_of(which),
                        .start = settings_.start,
                        .calls = function.last_call,
                        .first_call = function.first_call,
                        .idle_since = spare.idle_since});
      }
    }
  }
  for (const auto& victim : evictor_.evict(std::move(idle), missing, now_, next_call_)) {
    auto& function = functions_[victim.function];
    const auto report = function.pool.report(kPatience, now_);
    const auto busy = std::ranges::find(report.replicas, victim.replica, &domain::PoolReport::Replica::id);
    if (busy != report.replicas.end() && busy->in_flight > 0) ++violations_;
    if (function.fleet.evict(victim.replica, {&report, 1}, effects_, now_)) ++evicted_;
    settle(victim.function);
  }
  // Whose last call ends meanwhile does not say so.
  if (std::exchange(look_again_, true)) return;
  agenda_.push({.at = now_ + 100ms, .kind = Kind::make_room, .slot = {.replica = kLook}});
}

void World::gone(std::uint32_t which, ReplicaId replica) {
  auto& function = functions_[which];
  const auto alive = std::ranges::find(function.alive, replica, &Alive::id);
  if (alive != function.alive.end()) {
    alive->meter.settle(function.usage, now_);
    function.alive.erase(alive);
  }
  memory_.give_back(replica);
  peaks_.level(now_, memory_.used().count);
  const auto& replicas = function.fleet.replicas();
  const auto known = std::ranges::find(replicas, replica, &domain::Fleet::Replica::id);
  if (known != replicas.end()) function.fleet.gone(replica, known->epoch);
  settle(which);
  if (starts_.waits()) pump();
}

void World::count(Tally& into) {
  auto& sum = into.sum;
  sum.starts += started_;
  sum.evicted += evicted_;
  sum.violations += violations_;
  into.memory.add(peaks_);
  for (auto& function : functions_) {
    for (auto& alive : function.alive) alive.meter.settle(function.usage, Time{trace_.length()});
    sum.calls += function.calls;
    sum.cold += function.cold;
    sum.unserved += function.pool.held();
    sum.idle_gb_seconds += function.usage.idle.gb_seconds();
    sum.busy_gb_seconds += function.usage.busy.gb_seconds();
    if (function.calls == 0) continue;
    into.cold_ratios.push_back(static_cast<double>(function.cold) / static_cast<double>(function.calls));
  }
}

Outcome simulate(const Trace& trace, const Policy& policy, const WorldSettings& settings) {
  constexpr std::uint32_t kAtOnce = 256;
  const auto began = cpu_seconds();
  const auto all = static_cast<std::uint32_t>(trace.functions().size());
  const auto step = policy.memory ? std::max(1u, all) : kAtOnce;
  const auto calls = trace.calls();
  Tally tally{trace.length()};
  for (std::uint32_t from = 0; from < all; from += std::min(step, all - from)) {
    World{trace, *calls, {from, std::min(all, from + step)}, policy, settings}.run(tally);
  }
  auto outcome = tally.outcome();
  outcome.cpu_seconds = cpu_seconds() - began;
  return outcome;
}

}  // namespace hearth::sim
