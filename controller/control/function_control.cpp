// A function entry's half of the control world and of the engine's reports.
#include "control/faults.h"
#include "control/function_entry.h"
#include "domain/cells.h"

#include <algorithm>

namespace hearth::control {

using domain::Fault;
using domain::FleetEffects;
using domain::Order;
using domain::Phase;
using domain::ReplicaId;
using domain::Time;

namespace {

// Of `auto`: long enough that calls in a row never wait for a thaw. Only our own bootstraps can be asked whether they
// are quiet, at their sockets; and who debugs one is there though nobody calls.
constexpr auto kFreezeSoon = std::chrono::seconds{1};

std::optional<domain::Duration> freeze_after(const domain::FunctionSpec& spec) {
  using domain::Freeze;
  if (spec.debug) return std::nullopt;
  switch (spec.scale.freeze.when) {
    case Freeze::When::automatic:
      if (spec.runtime.empty() || !spec.container_runtime.empty()) return std::nullopt;
      return kFreezeSoon;
    case Freeze::When::never: return std::nullopt;
    case Freeze::When::after: break;
  }
  return spec.scale.freeze.idle;
}

domain::FleetSettings settings_of(const domain::FunctionSpec& spec) {
  domain::FleetSettings settings;
  settings.scale.concurrency = spec.limits.concurrency;
  settings.scale.min = spec.scale.min;
  settings.scale.max = spec.scale.max;
  settings.scale.idle_timeout = spec.scale.idle_timeout;
  settings.freeze_after = freeze_after(spec);
  return settings;
}

// The liveliest of its replicas'.
domain::State state_of(const std::vector<domain::Fleet::Replica>& replicas, bool backing_off) {
  using domain::State;
  State state = backing_off ? State::error : State::cold;
  const auto rank = [](State one) {
    return one == State::error ? 1 : one == State::cold ? 0 : static_cast<int>(one) + 1;
  };
  for (const auto& replica : replicas) {
    const auto one = domain::state_of(replica.life.phase);
    if (!replica.life.stopping && rank(one) > rank(state)) state = one;
  }
  return state;
}

}  // namespace

void FunctionEntry::serve(const domain::Revision& revision) {
  change([&](FleetEffects&, Deliveries&, Time) {
    revisions_.insert_or_assign(revision.number, std::make_shared<const domain::Revision>(revision));
    if (fleet_.revision() != revision.number) forget_failures();
    fleet_.serve(revision.number, settings_of(revision.spec));
  });
}

void FunctionEntry::prepare(const domain::Revision& revision) {
  change([&](FleetEffects&, Deliveries&, Time) {
    revisions_.insert_or_assign(revision.number, std::make_shared<const domain::Revision>(revision));
    attempt_ = {.revision = revision.number};
    fleet_.prepare(revision.number, settings_of(revision.spec));
    if (fleet_.revision() == revision.number) forget_failures();
  });
}

void FunctionEntry::forget_failures() {
  last_failure_.reset();
  last_death_.reset();
}

FunctionEntry::Verdict FunctionEntry::verdict(std::uint64_t revision) const {
  if (fleet_.removed()) return {.known = true, .fault = no_such_function(name_)};
  if (fleet_.revision() == revision) return {.known = true};
  if (attempt_.revision == revision && attempt_.fault) return {.known = true, .fault = attempt_.fault};
  if (fleet_.candidate() != revision) return {.known = true, .fault = overtaken(name_, revision)};
  return {};
}

std::optional<Fault> FunctionEntry::await_prepared(std::uint64_t revision, Time until, const std::stop_token& stop) {
  constexpr auto kStep = std::chrono::milliseconds{200};  // how soon a stop is seen
  std::unique_lock lock{mutex_};
  while (true) {
    if (auto said = verdict(revision); said.known) return std::move(said.fault);
    const auto now = around_.clock.now();
    if (stop.stop_requested() || now >= until) break;
    around_.clock.wait(lock, changed_, std::min<Time>(until, now + kStep));
  }
  std::optional why = stop.stop_requested() ? called_off(name_, revision)
                      : engine_away_        ? *engine_away_
                                            : never_warm(name_, revision);
  lock.unlock();
  change([&](FleetEffects&, Deliveries&, Time) {
    if (fleet_.candidate() == revision) fleet_.forget_candidate();
    if (fleet_.revision() == revision) why.reset();  // warm at the last moment
  });
  return why;
}

std::uint64_t FunctionEntry::serving() const {
  const std::scoped_lock lock{mutex_};
  return fleet_.revision();
}

void FunctionEntry::yield() {
  change([this](FleetEffects&, Deliveries&, Time) { fleet_.yield(); });
}

void FunctionEntry::expect(Time until) {
  change([this, until](FleetEffects&, Deliveries&, Time) { fleet_.expect(until); });
}

bool FunctionEntry::adopt(const ports::Found& found) {
  bool adopted = false;
  change([&](FleetEffects& effects, Deliveries&, Time now) {
    const auto revision = revisions_.find(found.revision);
    if (found.revision != fleet_.revision() || revision == revisions_.end() || fleet_.removed()) return;
    replicas_.emplace(found.id, make_slots(found.id, *revision->second, found.running, now));
    fleet_.adopt(found.id, found.revision, effects, now);
    adopted = true;
  });
  return adopted;
}

void FunctionEntry::remove() {
  change([this](FleetEffects&, Deliveries&, Time) { fleet_.remove(); });
}

void FunctionEntry::abandon() {
  change([this](FleetEffects& effects, Deliveries&, Time now) {
    std::vector<ReplicaId> all;
    for (const auto& replica : fleet_.replicas()) all.push_back(replica.id);
    for (const auto replica : all) fleet_.overran(replica, effects, now);
  });
}

bool FunctionEntry::await_gone(Time until) {
  std::unique_lock lock{mutex_};
  while (!fleet_.replicas().empty() && around_.clock.now() < until) around_.clock.wait(lock, changed_, until);
  return fleet_.replicas().empty();
}

void FunctionEntry::refuse_all(const Fault& why) {
  Deliveries out;
  {
    const std::scoped_lock lock{mutex_};
    for (const auto call : pool_.refuse_all()) {
      const auto waiter = waiters_.extract(call);
      if (!waiter) continue;
      out.refused.emplace_back(waiter.mapped(), why);
      meter_.call_ended(domain::refused_by(why.layer));
    }
  }
  deliver(out);
}

FunctionView FunctionEntry::view() {
  FunctionView view;
  change([&](FleetEffects& effects, Deliveries& out, Time now) {
    settle(effects, out, now);  // calls in flight are as of now
    view.state = state_of(fleet_.replicas(), fleet_.backing_off(now));
    view.held = pool_.held();
    view.last_failure = fleet_.backoff().failures() > 0 && last_failure_ ? last_failure_ : last_death_;
    view.usage = meter_.usage(now);
    const auto wall = around_.clock.wall_now();
    if (kept_as_ != 0) view.keep = keep_view(now, wall);
    for (const auto& replica : fleet_.replicas()) {
      const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - replica.since);
      view.replicas.push_back({.id = replica.id,
                               .revision = replica.revision,
                               .phase = replica.life.phase,
                               .draining = replica.life.draining,
                               .stopping = replica.life.stopping,
                               .in_flight = replica.in_flight,
                               .since = wall - age,
                               .awake = awake_of(replica),
                               .debugger = debugger_of(replica.id)});
    }
  });
  return view;
}

// With mutex_ held.
std::optional<ports::TcpAddress> FunctionEntry::debugger_of(ReplicaId replica) const {
  const auto found = replicas_.find(replica);
  return found == replicas_.end() ? std::nullopt : found->second->info.running.debugger;
}

// With mutex_ held; of one that idles.
std::string FunctionEntry::awake_of(const domain::Fleet::Replica& replica) const {
  const auto found = awake_.find(replica.id);
  return found == awake_.end() || replica.life.phase != Phase::warm ? std::string{} : found->second;
}

std::uint64_t FunctionEntry::await_change(std::uint64_t seen, Time until) {
  // Calls that begin and end tell nobody on the warm path, so Executing is looked for in small steps.
  constexpr auto kStep = std::chrono::milliseconds{200};
  while (true) {
    change([](FleetEffects&, Deliveries&, Time) {});
    std::unique_lock lock{mutex_};
    const auto now = around_.clock.now();
    if (version_ != seen || now >= until) return version_;
    around_.clock.wait(lock, changed_, std::min<Time>(until, now + kStep));
    if (version_ != seen) return version_;
  }
}

// --- what it costs ---

domain::Usage FunctionEntry::take_usage() {
  const std::scoped_lock lock{mutex_};
  return meter_.take(around_.clock.now());
}

domain::FunctionStats FunctionEntry::stats() {
  const std::scoped_lock lock{mutex_};
  const auto now = around_.clock.now();
  domain::FunctionStats stats{.function = name_,
                              .usage = meter_.usage(now),
                              .durations = meter_.durations(),
                              .in_flight = pool_.in_flight(),
                              .held = pool_.held()};
  for (const auto& replica : fleet_.replicas()) {
    auto state = domain::state_of(replica.life.phase);
    // The fleet hears of calls when it decides, the meter of each.
    if (state == domain::State::warm || state == domain::State::executing) {
      const auto meter = meter_.find(replica.id);
      const bool busy = meter && meter->state() == domain::ReplicaMeter::State::busy;
      state = busy ? domain::State::executing : domain::State::warm;
    }
    ++stats.replicas[static_cast<std::size_t>(state)];
  }
  return stats;
}

// --- the engine's reports ---

bool FunctionEntry::owns(ReplicaId replica) const {
  const std::scoped_lock lock{mutex_};
  return std::ranges::find(fleet_.replicas(), replica, &domain::Fleet::Replica::id) != fleet_.replicas().end();
}

bool FunctionEntry::leaving(ReplicaId replica) const {
  const std::scoped_lock lock{mutex_};
  const auto found = std::ranges::find(fleet_.replicas(), replica, &domain::Fleet::Replica::id);
  return found == fleet_.replicas().end() || fleet_.removed() || found->life.draining || found->life.stopping;
}

void FunctionEntry::died(ReplicaId replica, const ports::Exit& exit) {
  change([&](FleetEffects& effects, Deliveries& out, Time now) {
    const auto found = std::ranges::find(fleet_.replicas(), replica, &domain::Fleet::Replica::id);
    if (found == fleet_.replicas().end()) return;
    const auto& limits = revisions_.at(found->revision)->spec.limits;
    lose(replica, control::died(name_, exit, limits), effects, out, now);
  });
}

void FunctionEntry::lost_but(const std::vector<ReplicaId>& alive) {
  change([&](FleetEffects& effects, Deliveries& out, Time now) {
    std::vector<ReplicaId> missing;
    for (const auto& replica : fleet_.replicas()) {
      const auto phase = replica.life.phase;
      if (phase == Phase::initializing || phase == Phase::error || replica.life.stopping) continue;
      if (std::ranges::find(alive, replica.id) == alive.end()) missing.push_back(replica.id);
    }
    const Fault why{.code = domain::Code::unavailable,
                    .layer = domain::Layer::engine,
                    .message = "a replica of " + to_string(name_) + " went down with the engine"};
    for (const auto replica : missing) lose(replica, why, effects, out, now);
    if (!missing.empty()) fleet_.engine_away(false);  // not the function's fault: no waiting
  });
}

void FunctionEntry::engine_away(const std::optional<Fault>& why) {
  change([&](FleetEffects&, Deliveries&, Time) {
    engine_away_ = why;
    fleet_.engine_away(why.has_value());
  });
}

void FunctionEntry::starting(const Order& order) {
  const std::scoped_lock lock{mutex_};
  const auto memory = revisions_.at(order.revision)->spec.limits.memory;
  meter_.add(order.replica, memory, domain::ReplicaMeter::State::initializing, around_.clock.now());
}

ports::ReplicaSpec FunctionEntry::spec(const Order& order) const {
  std::shared_ptr<const domain::Revision> revision;
  {
    const std::scoped_lock lock{mutex_};
    revision = revisions_.at(order.revision);
  }
  auto spec = replica_of(*revision);
  spec.id = order.replica;
  return spec;
}

ports::ReplicaSpec FunctionEntry::replica_of(const domain::Revision& revision) {
  const auto& spec = revision.spec;
  return {.function = revision.function,
          .revision = revision.number,
          .image = revision.image,
          .templated = !spec.runtime.empty(),
          .contract = ports::Contract::http,
          .handler = spec.handler,
          .env = spec.env,
          .limits = spec.limits,
          .network = spec.network,
          .container_runtime = spec.container_runtime,
          .start_timeout = spec.scale.start_timeout,
          .debug = spec.debug,
          .in_cell = !domain::obstacle_to_cells(spec)};
}

std::shared_ptr<ReplicaSlots> FunctionEntry::make_slots(ReplicaId replica, const domain::Revision& revision,
                                                        const ports::Running& running, Time now) {
  auto slots = std::make_shared<ReplicaSlots>();
  slots->info = {
      .id = replica,
      .function = name_,
      .revision = revision.number,
      .contract = ports::Contract::http,
      .own_socket = !revision.spec.runtime.empty() && std::holds_alternative<ports::UnixAddress>(running.address),
      .running = running};
  slots->connections.resize(revision.spec.limits.concurrency);
  slots->meter = meter_.find(replica);
  if (slots->meter) {
    slots->meter->ready(now);
  } else {
    slots->meter = meter_.add(replica, revision.spec.limits.memory, domain::ReplicaMeter::State::idle, now);
  }
  return slots;
}

void FunctionEntry::started(const Order& order, const ports::Running& running, domain::Turn turn) {
  change([&](FleetEffects& effects, Deliveries& out, Time now) {
    replicas_.emplace(order.replica, make_slots(order.replica, *revisions_.at(order.revision), running, now));
    meter_.start_succeeded(running.created, running.loaded);
    last_start_ = running.created + running.loaded;
    if (order.revision == fleet_.revision()) last_failure_.reset();
    if (order.revision == fleet_.candidate()) forget_failures();  // from now on it is the one that serves
    lending_times_ = {.held = {}, .turn = turn, .cold = running.created, .from = running.from, .init = running.loaded};
    fleet_.loaded(order.replica, order.epoch, effects, now);
    settle(effects, out, now);
    lending_times_ = {};
    // It may have died between its start and this.
    if (const auto dead = obituaries_.find(order.replica); dead != obituaries_.end()) {
      fleet_.died(order.replica, effects, now);
      if (fleet_.backing_off(now)) last_failure_ = dead->second;
    }
  });
}

void FunctionEntry::not_started(const Order& order, const Fault& why) {
  change([&](FleetEffects& effects, Deliveries&, Time now) {
    const bool stale = why.code == domain::Code::cancelled;
    meter_.remove(order.replica, now);
    if (!stale) meter_.start_failed();
    if (!stale && order.revision == fleet_.revision()) last_failure_ = why;
    if (!stale && order.revision == fleet_.candidate()) attempt_.fault = why;
    fleet_.start_failed(order.replica, order.epoch, effects, now);
  });
}

void FunctionEntry::stopped(const Order& order) {
  change([&](FleetEffects&, Deliveries&, Time now) {
    meter_.remove(order.replica, now);
    fleet_.gone(order.replica, order.epoch);
    replicas_.erase(order.replica);  // one that was started all the same
    awake_.erase(order.replica);
    forget_revisions();
  });
}

void FunctionEntry::forget_revisions() {
  std::erase_if(revisions_, [&](const auto& entry) {
    const auto uses = [&](const auto& replica) { return replica.revision == entry.first; };
    const bool wanted = entry.first == fleet_.revision() || entry.first == fleet_.candidate();
    return !wanted && std::ranges::none_of(fleet_.replicas(), uses);
  });
}

}  // namespace hearth::control
