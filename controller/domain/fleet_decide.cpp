// The level-triggered half of a fleet: what is, compared with what should be, and the next steps.
#include "domain/fleet.h"

#include <algorithm>

namespace hearth::domain {

struct Fleet::View {
  std::uint32_t held = 0;
  std::uint32_t held_long = 0;
  std::uint32_t ready = 0;      // of the current revision, lent or about to be
  std::uint32_t starting = 0;   // of the current revision; thawing ones too
  std::uint32_t icy = 0;        // of the current revision: freezing or frozen
  std::uint32_t old_ready = 0;  // of older revisions, still serving

  std::uint32_t serving() const { return ready + old_ready; }
};

void Fleet::decide(std::span<const PoolReport> reports, FleetEffects& effects, Time now) {
  wake_at_.reset();
  View view;
  observe(reports, view, effects, now);
  retire(view, effects, now);
  if (refuse(view, effects, now)) return rest(view, effects, now);
  share(reports, effects, now);
  grow(view, effects, now);
  rest(view, effects, now);
}

void Fleet::observe(std::span<const PoolReport> reports, View& view, FleetEffects& effects, Time now) {
  for (PoolId pool = 0; pool < reports.size(); ++pool) {
    const auto& report = reports[pool];
    need_[pool] = report.held;
    view.held += report.held;
    view.held_long += report.held_long;
    if (report.next_long) wake(*report.next_long);
  }
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    auto& replica = replicas_[at];
    std::uint32_t in_flight = 0;
    auto idle_since = entries_[at].ready_at;
    for (const auto& report : reports) {
      const auto seen = std::ranges::find(report.replicas, replica.id, &PoolReport::Replica::id);
      if (seen == report.replicas.end()) continue;
      in_flight += seen->in_flight;
      idle_since = std::max(idle_since, seen->idle_since);
    }
    if (entries_[at].lent()) entries_[at].idle_since = idle_since;
    replica.in_flight = in_flight;
    if (replica.life.phase == Phase::warm && in_flight > 0) step(at, Event::call, effects, now);
    if (replica.life.phase == Phase::executing && in_flight == 0) step(at, Event::done, effects, now);

    if (replica.life.stopping || replica.life.draining) continue;
    const auto phase = replica.life.phase;
    const bool current = replica.revision == revision_;
    const bool ready = phase == Phase::warm || phase == Phase::executing;
    view.ready += ready && current;
    view.old_ready += ready && !current;
    view.starting += current && (phase == Phase::initializing || phase == Phase::thawing);
    view.icy += current && (phase == Phase::freezing || phase == Phase::frozen);
  }
}

// Older revisions serve until one replica of the current one is warm; a removed function serves no more.
void Fleet::retire(View& view, FleetEffects& effects, Time now) {
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    const auto& replica = replicas_[at];
    if (replica.life.stopping || replica.life.draining) continue;
    const bool serves = replica.life.phase == Phase::warm || replica.life.phase == Phase::executing;
    const bool outdated = replica.revision != revision_ && (view.ready > 0 || !serves);
    if (removed_ || outdated) drain(at, effects, now);
  }
  if (view.ready > 0) view.old_ready = 0;
  if (removed_) view.ready = view.old_ready = view.starting = view.icy = 0;
}

// Whether nothing may start, and then what becomes of the calls that wait for it.
bool Fleet::refuse(const View& view, FleetEffects& effects, Time now) {
  const auto with = [&](Refusal reason) {
    if (view.held > 0 && view.serving() == 0) effects.emplace_back(RefuseHeld{reason});
    return true;
  };
  if (removed_) return with(Refusal::removed);
  if (engine_away_) return with(Refusal::engine_away);
  if (!backoff_.waiting(now)) return false;
  const bool wanted =
      view.ready + view.starting + view.icy < settings_.scale.min || view.old_ready > 0 || view.held > 0;
  if (wanted) wake(backoff_.retry_at());
  return view.starting > 0 || view.icy > 0 || with(Refusal::cannot_start);
}

void Fleet::grow(View& view, FleetEffects& effects, Time now) {
  auto scale = settings_.scale;
  const Demand demand{view.held, view.held_long, view.serving(), view.starting};
  scale.min = scale.min > view.icy ? scale.min - view.icy : 0;
  auto more = starts_now(demand, scale);
  if (more == 0 && view.old_ready > 0 && view.starting + view.icy == 0) more = 1;  // its successor
  for (std::size_t at = 0; more > 0 && view.icy > 0 && at < replicas_.size(); ++at) {
    const auto& life = replicas_[at].life;
    if (replicas_[at].revision != revision_ || life.draining || !step(at, Event::thaw, effects, now)) continue;
    --view.icy, ++view.starting, --more;
  }
  const auto there = view.ready + view.starting + view.icy;
  const auto room = scale.max > there ? scale.max - there : 0;
  for (more = std::min(more, room); more > 0; --more, ++view.starting) start(effects, now);
}

// A pool that holds calls gets a share of a replica that idles at another gateway.
void Fleet::share(std::span<const PoolReport> reports, FleetEffects& effects, Time) {
  for (PoolId needy = 0; needy < reports.size(); ++needy) {
    if (reports[needy].held == 0 || reports[needy].free > 0) continue;
    for (std::size_t at = 0; at < replicas_.size(); ++at) {
      auto& entry = entries_[at];
      if (entry.reclaimed == Reclaimed::to_share) break;  // one on its way is enough
      if (replicas_[at].life.draining || entry.reclaimed != Reclaimed::no || entry.shares[needy].count > 0) continue;
      const auto idle = [&](PoolId pool) {
        const auto& report = reports[pool];
        const auto seen = std::ranges::find(report.replicas, replicas_[at].id, &PoolReport::Replica::id);
        return entry.shares[pool].count > 0 && report.held == 0 && seen != report.replicas.end() &&
               seen->in_flight == 0;
      };
      PoolId holder = 0;
      while (holder < reports.size() && !idle(holder)) ++holder;
      if (holder == reports.size()) continue;
      entry.reclaimed = Reclaimed::to_share;
      entry.shares[holder].asked_back = true;
      effects.emplace_back(Reclaim{holder, replicas_[at].id});
      break;
    }
  }
}

// What has been idle for long is stopped, what has been for a moment is frozen; the longest idle first.
void Fleet::rest(View& view, FleetEffects& effects, Time now) {
  const auto& scale = settings_.scale;
  auto there = view.ready + view.starting + view.icy;
  std::vector<std::size_t> idle;
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    const auto& life = replicas_[at].life;
    if (life.draining || life.stopping) continue;
    if (life.phase == Phase::executing) wake(now + scale.idle_timeout);
    if (life.phase == Phase::warm || life.phase == Phase::frozen) idle.push_back(at);
  }
  std::ranges::sort(idle, {}, [&](std::size_t at) { return entries_[at].idle_since; });
  std::vector<ReplicaId> leaving;
  for (const auto at : idle) {
    const auto idle_since = entries_[at].idle_since;
    const bool old = replicas_[at].revision != revision_;
    if (there > scale.min || old) {
      if (now - idle_since >= scale.idle_timeout && view.held == 0) {
        leaving.push_back(replicas_[at].id);
        there -= !old;
        continue;
      }
      wake(std::max(idle_since + scale.idle_timeout, now + std::chrono::milliseconds{1}));
    }
    if (!settings_.freeze_after || replicas_[at].life.phase != Phase::warm || view.held > 0) continue;
    if (now - idle_since < *settings_.freeze_after) {
      wake(idle_since + *settings_.freeze_after);
    } else if (entries_[at].reclaimed == Reclaimed::no && entries_[at].lent()) {
      reclaim(at, Reclaimed::to_freeze, effects, now);
    }
  }
  for (const auto replica : leaving) drain(index_of(replica), effects, now);
}

void Fleet::wake(Time at) { wake_at_ = wake_at_ ? std::min(*wake_at_, at) : at; }

}  // namespace hearth::domain
