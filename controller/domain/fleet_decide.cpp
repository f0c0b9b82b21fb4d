// The level-triggered half of a fleet: what is, compared with what should be, and the next steps.
#include "domain/fleet.h"

#include <algorithm>
#include <utility>

namespace hearth::domain {

namespace {

// How soon to look again where something was put off while calls wait: what ends their wait need not be reported.
constexpr Duration kLookAgain = std::chrono::milliseconds{100};

}  // namespace

struct Fleet::View {
  struct Part {
    std::uint32_t ready = 0;  // lent or about to be
    std::uint32_t starting = 0;
    std::uint32_t thawing = 0;
    std::uint32_t icy = 0;  // freezing or frozen
    std::uint32_t there() const { return ready + starting + thawing + icy; }
  };

  std::uint32_t held = 0;
  std::uint32_t held_long = 0;
  Part current;  // of the current revision; neither draining nor stopping
  Part old;      // of older ones

  std::uint32_t serving() const { return current.ready + old.ready; }
  std::uint32_t thawing() const { return current.thawing + old.thawing; }
};

void Fleet::decide(std::span<const PoolReport> reports, FleetEffects& effects, Time now) {
  wake_at_.reset();
  if (std::exchange(switched_, false) && !removed_ && !yielding_) take_back(effects, now);
  View view;
  observe(reports, view, effects, now);
  retire(view, effects, now);
  thaw(view, effects, now);
  start_candidate(effects, now);
  if (!refuse(view, effects, now)) {
    share(reports, effects);
    grow(view, effects, now);
  }
  yielding_ ? give_away(view, effects, now) : rest(view, effects, now);
}

void Fleet::observe(std::span<const PoolReport> reports, View& view, FleetEffects& effects, Time now) {
  for (PoolId pool = 0; pool < reports.size(); ++pool) {
    const auto& report = reports[pool];
    need_[pool] = report.held;
    view.held += report.held;
    view.held_long += report.held_long;
    if (!report.next_long) continue;
    if (*report.next_long <= now) {
      ++view.held_long;  // by now it has: the report is old
    } else {
      wake(*report.next_long);
    }
  }
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    auto& replica = replicas_[at];
    std::uint32_t in_flight = 0;
    auto& idle_since = entries_[at].idle_since;
    for (const auto& report : reports) {
      const auto seen = std::ranges::find(report.replicas, replica.id, &PoolReport::Replica::id);
      if (seen == report.replicas.end()) continue;
      in_flight += seen->in_flight;
      idle_since = std::max(idle_since, seen->idle_since);
    }
    replica.in_flight = in_flight;
    if (replica.life.phase == Phase::warm && in_flight > 0) step(at, Event::call, effects, now);
    if (replica.life.phase == Phase::executing && in_flight == 0) step(at, Event::done, effects, now);

    if (replica.life.stopping || replica.life.draining || replica.revision == candidate()) continue;
    const auto phase = replica.life.phase;
    auto& part = replica.revision == revision_ ? view.current : view.old;
    part.ready += phase == Phase::warm || phase == Phase::executing;
    part.starting += phase == Phase::initializing;
    part.thawing += phase == Phase::thawing;
    part.icy += phase == Phase::freezing || phase == Phase::frozen;
  }
}

// What of the revision that serves now is still busy draining, as far as it may have replicas.
void Fleet::take_back(FleetEffects& effects, Time now) {
  std::uint32_t there = 0;
  for (const auto& replica : replicas_) {
    there += replica.revision == revision_ && !replica.life.draining && !replica.life.stopping;
  }
  for (std::size_t at = 0; at < replicas_.size() && there < settings_.scale.max; ++at) {
    if (replicas_[at].revision == revision_ && recall(at, effects, now)) ++there;
  }
}

// Older revisions serve until one replica of the current one is warm, frozen ones too, in case it never will be;
// a removed function serves no more.
void Fleet::retire(View& view, FleetEffects& effects, Time now) {
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    const auto& replica = replicas_[at];
    if (replica.life.stopping || replica.life.draining || replica.revision == candidate()) continue;
    const bool never_served = replica.life.phase == Phase::initializing;
    const bool outdated = replica.revision != revision_ && (view.current.ready > 0 || never_served);
    if (removed_ || outdated) drain(at, effects, now);
  }
  view.old.starting = 0;
  if (view.current.ready > 0) view.old = {};
  if (removed_) view.current = view.old = {};
}

// Neither what the serving revision suffers from nor its limits say anything of another one.
void Fleet::start_candidate(FleetEffects& effects, Time now) {
  if (!candidate_ || engine_away_) return;
  const auto starts = [&](const Replica& one) {
    return one.revision == candidate_->revision && !one.life.stopping && one.life.phase == Phase::initializing;
  };
  if (std::ranges::none_of(replicas_, starts)) start(candidate_->revision, candidate_->settings, effects, now);
}

// A frozen replica is back before a call could lose its patience. No start: neither back-off nor an absent engine
// stands in its way. An engine that goes away may be stopping its containers, and nothing frozen can be stopped.
void Fleet::thaw(View& view, FleetEffects& effects, Time now) {
  auto coming = view.thawing() * std::max(1u, settings_.scale.concurrency);
  const auto& current = view.current;
  bool successor = view.old.ready > 0 && current.there() == current.icy;
  for (std::size_t at = 0; at < replicas_.size() && view.current.icy + view.old.icy > 0; ++at) {
    const bool is_current = replicas_[at].revision == revision_;
    if (view.held <= coming && !(successor && is_current) && !engine_away_) continue;
    if (replicas_[at].life.draining || !step(at, Event::thaw, effects, now)) continue;
    auto& part = is_current ? view.current : view.old;
    --part.icy, ++part.thawing;
    coming += entries_[at].concurrency;
    if (is_current) successor = false;
  }
}

// Whether nothing may start, and then what becomes of the calls that wait for it.
bool Fleet::refuse(const View& view, FleetEffects& effects, Time now) {
  const auto with = [&](Refusal reason) {
    if (view.held > 0 && view.serving() + view.thawing() == 0) effects.emplace_back(RefuseHeld{reason});
    return true;
  };
  if (removed_) return with(Refusal::removed);
  if (engine_away_) return with(Refusal::engine_away);
  if (!backoff_.waiting(now)) return false;
  const bool wanted = view.current.there() < least(now) || view.old.there() > 0 || view.held > 0;
  if (wanted) wake(backoff_.retry_at());
  return view.current.starting > 0 || with(Refusal::cannot_start);
}

void Fleet::grow(View& view, FleetEffects& effects, Time now) {
  if (now < expecting_until_) return wake(expecting_until_);
  auto scale = settings_.scale;
  auto& current = view.current;
  // Until one is known to work again, they are tried one by one.
  if (backoff_.failures() > 0) scale.max_starting = 1;
  const auto least = this->least(now);
  scale.min = least > current.icy ? least - current.icy : 0;
  auto more = starts_now({view.held, view.held_long, view.serving(), current.starting + view.thawing()}, scale);
  if (more == 0 && view.old.there() > 0 && current.there() == 0) more = 1;  // the successor
  // Who leaves starts what held calls cannot do without.
  if (yielding_) more = view.held > 0 && view.serving() + view.thawing() + current.starting == 0 ? 1 : 0;
  const auto room = scale.max > current.there() ? scale.max - current.there() : 0;
  for (more = std::min(more, room); more > 0; --more, ++current.starting) {
    start(revision_, settings_, effects, now);
  }
}

// A pool that holds calls gets a share of a replica that idles at another gateway; one that has no slot at all, and
// whose calls lost their patience, also of a busy one: else it would wait for as long as the other is never idle.
void Fleet::share(std::span<const PoolReport> reports, FleetEffects& effects) {
  const auto coming = [](const Entry& entry) { return entry.reclaimed == Reclaimed::to_share; };
  for (PoolId needy = 0; needy < reports.size(); ++needy) {
    if (reports[needy].held == 0 || reports[needy].free > 0) continue;
    if (std::ranges::any_of(entries_, coming)) return;  // one on its way is enough
    const auto has_slots = [&](const Entry& entry) { return entry.shares[needy].count > 0; };
    const bool starves = reports[needy].held_long > 0 && std::ranges::none_of(entries_, has_slots);
    if (!ask_for(needy, reports, false, effects) && starves) ask_for(needy, reports, true, effects);
  }
}

bool Fleet::ask_for(PoolId needy, std::span<const PoolReport> reports, bool busy_too, FleetEffects& effects) {
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    auto& entry = entries_[at];
    if (replicas_[at].life.draining || entry.reclaimed != Reclaimed::no || entry.shares[needy].count > 0) continue;
    for (PoolId holder = 0; holder < reports.size(); ++holder) {
      const auto& report = reports[holder];
      const auto seen = std::ranges::find(report.replicas, replicas_[at].id, &PoolReport::Replica::id);
      const bool idle = report.held == 0 && seen != report.replicas.end() && seen->in_flight == 0;
      if (entry.shares[holder].count == 0 || !(idle || busy_too)) continue;
      entry.reclaimed = Reclaimed::to_share;
      entry.shares[holder].asked_back = true;
      effects.emplace_back(Reclaim{holder, replicas_[at].id});
      return true;
    }
  }
  return false;
}

// What has been idle for long is stopped, what has been for a moment is frozen; the longest idle first. An older
// revision that still serves keeps `min` for a successor that may never come.
void Fleet::rest(const View& view, FleetEffects& effects, Time now) {
  const auto least = this->least(now);
  auto current = view.current.there();
  auto old = view.old.there();
  std::vector<std::size_t> idle;
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    const auto& life = replicas_[at].life;
    if (life.draining || life.stopping) continue;
    // When its last call ends nobody says so; only that it cannot have been idle for this long before then.
    if (life.phase == Phase::executing) wake(now + shortest_stay(at));
    if (life.phase == Phase::warm || life.phase == Phase::frozen) idle.push_back(at);
  }
  std::ranges::sort(idle, {}, [&](std::size_t at) { return entries_[at].idle_since; });
  std::vector<ReplicaId> leaving;
  for (const auto at : idle) {
    auto& left = replicas_[at].revision == revision_ ? current : old;
    if (left > least) {
      const auto due = leaves_at(at, left == 1);
      if (now >= due && view.held == 0) {
        leaving.push_back(replicas_[at].id);
        --left;
        continue;
      }
      wake(now >= due ? now + kLookAgain : due);
    }
    if (entries_[at].freeze_after && replicas_[at].life.phase == Phase::warm) cool(at, view.held > 0, effects, now);
  }
  for (const auto replica : leaving) drain(index_of(replica), effects, now);
  if (again_ && now < again_->to) wake(now < again_->from ? again_->from : again_->to);
}

void Fleet::give_away(const View& view, FleetEffects& effects, Time now) {
  if (view.held > 0) return wake(now + kLookAgain);  // that they were served nobody says
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    const auto& life = replicas_[at].life;
    const bool between = life.phase == Phase::freezing || life.phase == Phase::thawing;  // it is told when it is over
    if (!life.draining && !life.stopping && !between) drain(at, effects, now);
  }
}

void Fleet::cool(std::size_t at, bool wanted, FleetEffects& effects, Time now) {
  if (engine_away_) return;
  const auto due = std::max(entries_[at].idle_since + *entries_[at].freeze_after, entries_[at].freezing.retry_at());
  if (now < due) return wake(due);
  if (wanted) return wake(now + kLookAgain);
  if (entries_[at].reclaimed == Reclaimed::no && entries_[at].lent()) reclaim(at, Reclaimed::to_freeze, effects, now);
}

void Fleet::wake(Time at) { wake_at_ = wake_at_ ? std::min(*wake_at_, at) : at; }

}  // namespace hearth::domain
