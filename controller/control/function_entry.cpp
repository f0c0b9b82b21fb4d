#include "control/function_entry.h"

#include "control/faults.h"

#include <algorithm>

namespace hearth::control {

using domain::Fault;
using domain::FleetEffects;
using domain::Order;
using domain::ReplicaId;
using domain::Time;

namespace {

constexpr std::size_t kObituaries = 32;

std::chrono::microseconds micros(domain::Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

}  // namespace

void Lease::close(Outcome outcome, std::optional<domain::Ending> ending) noexcept {
  if (!grip_.function) return;
  auto grip = std::exchange(grip_, {});
  grip.function->end(grip, outcome, ending);
}

FunctionEntry::FunctionEntry(domain::FunctionName name, Surroundings& around)
    : name_(std::move(name)),
      around_(around),
      pool_(around.max_held, around.gateway_threads),
      fleet_({}, 1, around.ids) {}

// --- the data world ---

std::variant<Lease, Ticket, Fault> FunctionEntry::acquire(Time deadline, std::uint32_t thread, Waiter& waiter) {
  Deliveries out;
  std::variant<Lease, Ticket, Fault> answer;
  {
    const std::scoped_lock lock{mutex_};
    const auto now = around_.clock.now();
    const auto call = ++last_call_;
    if (call == 1) first_call_ = now;
    const auto decided = pool_.call_arrived(call, deadline, thread, now);
    if (const auto* granted = std::get_if<domain::Grant>(&decided)) {
      const auto& replica = replicas_.at(granted->slot.replica);
      replica->meter->call_began(now);
      note_use(now);
      return Lease{{shared_from_this(), replica, granted->slot, thread, {}, now}};
    }
    if (const auto* refusal = std::get_if<domain::Refusal>(&decided)) {
      auto fault = fault_of(*refusal, now);
      meter_.call_ended(domain::refused_by(fault.layer));
      return fault;
    }
    waiters_.emplace(call, &waiter);
    FleetEffects effects;
    settle(effects, out, now);
    answer = Ticket{shared_from_this(), call};
    // Refused on the spot: answered here, not through the waiter.
    const auto refused = std::ranges::find(out.refused, &waiter, &std::pair<Waiter*, Fault>::first);
    if (refused != out.refused.end()) {
      answer = std::move(refused->second);
      out.refused.erase(refused);
    }
  }
  deliver(out);
  return answer;
}

bool FunctionEntry::cancel(domain::CallId call, domain::Ending why) {
  const std::scoped_lock lock{mutex_};
  if (!pool_.cancel(call)) return false;
  note_use(around_.clock.now());
  waiters_.erase(call);
  meter_.call_ended(why);
  return true;
}

void FunctionEntry::count(domain::Ending ending) {
  const std::scoped_lock lock{mutex_};
  meter_.call_ended(ending);
}

void FunctionEntry::end(Lease::Grip& grip, Outcome outcome, std::optional<domain::Ending> ending) noexcept {
  const auto& slot = grip.slot;
  Deliveries out;
  {
    const std::scoped_lock lock{mutex_};
    const auto now = around_.clock.now();
    grip.replica->meter->call_ended(now);
    if (ending) {
      meter_.call_ended(*ending);
      meter_.call_ran(now - grip.since, grip.times.held);
    }
    FleetEffects effects;
    if (outcome == Outcome::completed) {
      fleet_.call_completed(slot.replica);
    } else if (outcome == Outcome::broken) {
      fleet_.call_broken(slot.replica, effects, now);
    } else if (outcome == Outcome::timed_out && grip.replica->connections.size() == 1) {
      fleet_.overran(slot.replica, effects, now);  // it can do nothing else until it ends what nobody waits for
    }
    // A replica that is given up loses its slots before this one could go on to the next call.
    for (std::size_t i = 0; i < effects.size(); ++i) {
      const auto effect = effects[i];
      apply(effect, effects, out, now);
    }
    const bool changed = !effects.empty();
    effects.clear();
    const auto ended = pool_.call_ended(slot, grip.thread, now);
    if (ended.next) grant(*ended.next, out, now);
    if (ended.given_back) fleet_.given_back(0, *ended.given_back, effects, now);
    note_use(now);
    if (changed || ended.given_back) settle(effects, out, now);
  }
  grip.replica.reset();  // with its connections, should it be given to another hearthd next
  deliver(out);
}

void FunctionEntry::explain(ReplicaId replica, std::chrono::milliseconds patience,
                            std::function<void(std::optional<Fault>)> then) {
  change([&](FleetEffects&, Deliveries& out, Time now) {
    if (const auto known = obituaries_.find(replica); known != obituaries_.end()) {
      out.told.emplace_back([then = std::move(then), why = known->second] { then(why); });
    } else {
      explanations_.push_back({replica, now + patience, std::move(then)});
    }
  });
}

// --- under the lock ---

void FunctionEntry::settle(FleetEffects& effects, Deliveries& out, Time now) {
  refuse(pool_.expire(now), domain::Refusal::deadline, out, now);
  do {
    for (std::size_t i = 0; i < effects.size(); ++i) {
      const auto effect = effects[i];  // applying it may add more
      apply(effect, effects, out, now);
    }
    effects.clear();
    note_use(now);
    plan_keep();
    const auto report = pool_.report(domain::ScaleSettings{}.patience, now);
    fleet_.decide({&report, 1}, effects, now);
  } while (!effects.empty());
  std::erase_if(explanations_, [&](Explanation& waiting) {
    if (waiting.until > now) return false;
    out.told.emplace_back([then = std::move(waiting.then)] { then(std::nullopt); });
    return true;
  });
  note_use(now);  // the fleet may have had all that was held refused
  note_frozen(now);
  plan_wake(out);
  note_changes();
}

void FunctionEntry::apply(const domain::FleetEffect& effect, FleetEffects& more, Deliveries& out, Time now) {
  if (const auto* order = std::get_if<Order>(&effect)) {
    out.orders.emplace_back(*order, revisions_.at(order->revision)->spec.limits.memory);
    if (order->act != domain::Act::stop) return;
    if (auto slots = replicas_.extract(order->replica)) out.ending.push_back(std::move(slots.mapped()));
  } else if (const auto* lend = std::get_if<domain::Lend>(&effect)) {
    for (const auto& granted : pool_.lend(lend->replica, lend->first, lend->count, now)) {
      grant(granted, out, now, lending_times_);
    }
  } else if (const auto* reclaim = std::get_if<domain::Reclaim>(&effect)) {
    if (pool_.reclaim(reclaim->replica)) fleet_.given_back(0, reclaim->replica, more, now);
  } else if (const auto* recall = std::get_if<domain::Recall>(&effect)) {
    for (const auto& granted : pool_.recall(recall->replica, now)) grant(granted, out, now);
  } else if (const auto* yield = std::get_if<domain::Yield>(&effect)) {
    out.yielded.push_back(replicas_.extract(yield->replica).mapped());
  } else if (const auto* lost = std::get_if<domain::Lost>(&effect)) {
    pool_.lost(lost->replica);
  } else if (const auto* refusal = std::get_if<domain::RefuseHeld>(&effect)) {
    refuse(pool_.refuse_all(), refusal->reason, out, now);
  }
}

void FunctionEntry::refuse(const std::vector<domain::CallId>& calls, domain::Refusal reason, Deliveries& out,
                           Time now) {
  for (const auto call : calls) {
    const auto waiter = waiters_.extract(call);
    if (!waiter) continue;
    out.refused.emplace_back(waiter.mapped(), fault_of(reason, now));
    meter_.call_ended(domain::refused_by(out.refused.back().second.layer));
  }
}

void FunctionEntry::grant(const domain::Grant& grant, Deliveries& out, Time now, const HoldTimes& times) {
  const auto& replica = replicas_.at(grant.slot.replica);
  replica->meter->call_began(now);
  Lease lease{{shared_from_this(), replica, grant.slot, grant.thread, times, now}};
  lease.grip_.times.held = micros(grant.held);
  const auto waiter = waiters_.extract(grant.call);
  out.granted.emplace_back(waiter.mapped(), std::move(lease));
}

void FunctionEntry::lose(ReplicaId replica, const Fault& why, FleetEffects& effects, Deliveries& out, Time now) {
  meter_.remove(replica, now);
  obituaries_.insert_or_assign(replica, why);
  if (obituaries_.size() > kObituaries) obituaries_.erase(obituaries_.begin());  // ids grow: the oldest
  fleet_.died(replica, effects, now);
  if (fleet_.backing_off(now)) last_failure_ = why;
  if (why.layer == domain::Layer::function) last_death_ = why;
  std::erase_if(explanations_, [&](Explanation& waiting) {
    if (waiting.replica != replica) return false;
    out.told.emplace_back([then = std::move(waiting.then), why] { then(why); });
    return true;
  });
}

Fault FunctionEntry::fault_of(domain::Refusal reason, Time now) const {
  if (reason == domain::Refusal::deadline) return deadline_fault();
  const auto& cause = reason == domain::Refusal::engine_away ? engine_away_ : last_failure_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(fleet_.backoff().retry_at() - now);
  return refused(name_, reason, cause, left);
}

void FunctionEntry::plan_wake(Deliveries& out) {
  auto wake = fleet_.wake_at();
  const auto sooner = [&](std::optional<Time> at) {
    if (at && (!wake || *at < *wake)) wake = at;
  };
  sooner(pool_.wake_at());
  for (const auto& waiting : explanations_) sooner(waiting.until);
  if (!wake || (next_tick_ && *next_tick_ <= *wake)) return;
  next_tick_ = out.wake = wake;
}

void FunctionEntry::note_changes() {
  std::uint64_t digest = 1469598103934665603u;  // FNV-1a
  const auto mix = [&](std::uint64_t value) { digest = (digest ^ value) * 1099511628211u; };
  for (const auto& replica : fleet_.replicas()) {
    mix(replica.id);
    mix(static_cast<std::uint64_t>(replica.life.phase) | (replica.life.draining ? 16 : 0) |
        (replica.life.stopping ? 32 : 0));
  }
  mix(fleet_.revision());
  mix(fleet_.candidate());
  mix(last_failure_.has_value());
  if (std::exchange(shown_, digest) == digest) return;
  ++version_;
  changed_.notify_all();
}

// --- without it ---

void FunctionEntry::deliver(Deliveries& out) {
  const auto self = shared_from_this();
  // What no call uses is closed before the stop: whose other end is gone with its network would be closed over and
  // over, and the kernel, asking for an address that nobody has, would ask for that of the next replica a second late.
  out.ending.clear();
  for (const auto& [order, memory] : out.orders) around_.runner.push(self, order, memory);
  for (auto& [waiter, lease] : out.granted) waiter->granted(std::move(lease));
  for (auto& [waiter, fault] : out.refused) waiter->refused(std::move(fault));
  for (const auto& tell : out.told) tell();
  if (!out.yielded.empty()) give(std::move(out.yielded));
  if (!out.wake) return;
  around_.timers.at(*out.wake, [weak = weak_from_this()] {
    if (const auto entry = weak.lock()) entry->tick();
  });
}

// Their connections are closed before another may open its own: never more of them than a replica has slots.
void FunctionEntry::give(std::vector<std::shared_ptr<ReplicaSlots>> yielded) {
  for (auto& slots : yielded) {
    const auto replica = slots->info.id;
    slots.reset();
    around_.runner.post([self = shared_from_this(), replica] {
      self->around_.give(replica);
      self->around_.runner.let_go(replica);
      self->change([&](FleetEffects&, Deliveries&, Time now) {
        self->meter_.remove(replica, now);
        self->fleet_.released(replica);
        self->awake_.erase(replica);
      });
    });
  }
}

void FunctionEntry::tick() {
  change([this](FleetEffects&, Deliveries&, Time now) {
    if (next_tick_ && *next_tick_ <= now) next_tick_.reset();
  });
}

}  // namespace hearth::control
