#include "domain/fleet.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

namespace hearth::domain {

bool Fleet::Entry::lent() const {
  return std::ranges::any_of(shares, [](const Share& share) { return share.count > 0; });
}

Fleet::Fleet(FleetSettings settings, std::uint32_t pools, ReplicaIds& ids)
    : settings_(settings), pools_(pools), ids_(ids), backoff_(settings.backoff), need_(pools) {}

void Fleet::serve(std::uint64_t revision, FleetSettings settings) {
  settings_ = settings;
  candidate_.reset();
  if (revision == revision_) return;
  revision_ = revision;
  switched_ = true;
  backoff_ = Backoff{settings.backoff};  // what an older revision could not do says nothing of this one
  failed_at_ = {};
}

void Fleet::prepare(std::uint64_t revision, FleetSettings settings) {
  const auto lives = [&](const Replica& one) {
    const auto state = state_of(one.life.phase);
    return one.revision == revision && !one.life.stopping && (state == State::warm || state == State::executing);
  };
  if (revision == revision_ || std::ranges::any_of(replicas_, lives)) return serve(revision, settings);
  candidate_ = Candidate{revision, settings};
}

void Fleet::remove() {
  removed_ = true;
  candidate_.reset();
}

void Fleet::yield() {
  yielding_ = true;
  candidate_.reset();
}

void Fleet::expect(Time until) { expecting_until_ = until; }

void Fleet::engine_away(bool away) {
  engine_away_ = away;
  if (!away) backoff_.succeeded();  // its absence was why starts failed
}

void Fleet::adopt(ReplicaId replica, std::uint64_t revision, FleetEffects& effects, Time now) {
  const auto at = add(replica, revision, settings_, now);
  replicas_[at].life = {.phase = Phase::warm};
  entries_[at].ready_at = now;
  lend_all(at, effects);
}

void Fleet::loaded(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at == replicas_.size() || replicas_[at].epoch != epoch) return;
  if (!step(at, Event::loaded, effects, now)) return;
  if (replicas_[at].revision == candidate()) serve(candidate_->revision, FleetSettings{candidate_->settings});
  entries_[at].ready_at = entries_[at].idle_since = now;
  lend_all(at, effects);
}

void Fleet::start_failed(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at == replicas_.size() || replicas_[at].epoch != epoch) return;
  if (!replicas_[at].life.stopping) {
    blame(at, replicas_[at].since, now);
    if (replicas_[at].revision == candidate()) candidate_.reset();
  }
  step(at, Event::failed, effects, now, true);
}

void Fleet::froze(ReplicaId replica, std::uint32_t epoch, Time now) {
  const auto at = index_of(replica);
  FleetEffects none;
  if (at == replicas_.size() || replicas_[at].epoch != epoch) return;
  step(at, Event::frozen, none, now);
  entries_[at].freezing.succeeded();
  assert(none.empty());
}

void Fleet::not_frozen(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at == replicas_.size() || replicas_[at].epoch != epoch) return;
  if (!step(at, Event::not_frozen, effects, now)) return;
  entries_[at].freezing.failed(now);
  lend_all(at, effects);
}

void Fleet::thawed(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at == replicas_.size() || replicas_[at].epoch != epoch) return;
  if (!step(at, Event::thawed, effects, now)) return;
  entries_[at].idle_since = now;
  lend_all(at, effects);
}

void Fleet::not_thawed(ReplicaId replica, std::uint32_t epoch, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at == replicas_.size() || replicas_[at].epoch != epoch) return;
  if (step(at, Event::not_thawed, effects, now, true)) effects.emplace_back(Lost{replica});
}

void Fleet::gone(ReplicaId replica, std::uint32_t epoch) {
  const auto at = index_of(replica);
  if (at < replicas_.size() && replicas_[at].epoch == epoch) erase(at);
}

void Fleet::released(ReplicaId replica) {
  if (const auto at = index_of(replica); at < replicas_.size()) erase(at);
}

void Fleet::died(ReplicaId replica, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at == replicas_.size()) return;
  const auto& life = replicas_[at].life;
  // While it starts, the start itself tells; while it stops, this is what was asked for.
  if (life.stopping || life.phase == Phase::initializing) return;
  judge(at, now);
  give_up(at, effects, now);
}

void Fleet::call_broken(ReplicaId replica, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at == replicas_.size() || replicas_[at].life.stopping) return;
  if (++entries_[at].broken < settings_.broken_limit) return;
  judge(at, now);  // most likely it died, and its calls tell before the engine does
  give_up(at, effects, now);
}

void Fleet::call_completed(ReplicaId replica) {
  const auto at = index_of(replica);
  if (at == replicas_.size()) return;
  entries_[at].broken = 0;
  absolve(at);
}

void Fleet::overran(ReplicaId replica, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at < replicas_.size() && !replicas_[at].life.stopping) give_up(at, effects, now);
}

void Fleet::given_back(PoolId pool, ReplicaId replica, FleetEffects& effects, Time now) {
  const auto at = index_of(replica);
  if (at == replicas_.size() || replicas_[at].life.stopping) return;
  auto& entry = entries_[at];
  const auto share = std::exchange(entry.shares[pool], Share{});
  if (entry.reclaimed == Reclaimed::no && share.count > 0) {
    // It crossed a recall on its way.
    entry.shares[pool] = {share.first, share.count, false};
    effects.emplace_back(Lend{pool, replica, share.first, share.count});
    return;
  }
  if (entry.reclaimed == Reclaimed::to_share && share.count > 0) {
    entry.reclaimed = Reclaimed::no;
    // To whoever needs it most and has none of this replica yet; back to its last holder only if nobody does.
    auto to = pool;
    for (const auto needy : neediest_first()) {
      if (needy == pool || need_[needy] == 0 || entry.shares[needy].count > 0) continue;
      to = needy;
      break;
    }
    entry.shares[to] = {share.first, share.count, false};
    effects.emplace_back(Lend{to, replica, share.first, share.count});
    return;
  }
  if (!entry.lent()) settle(at, effects, now);
}

std::size_t Fleet::index_of(ReplicaId replica) const {
  const auto found = std::ranges::find(replicas_, replica, &Replica::id);
  return static_cast<std::size_t>(found - replicas_.begin());
}

bool Fleet::step(std::size_t at, Event event, FleetEffects& effects, Time now, bool at_once) {
  auto& replica = replicas_[at];
  const auto taken = next(replica.life, event);
  if (!taken) return false;
  if (taken->life.phase != replica.life.phase) replica.since = now;
  replica.life = taken->life;
  for (const auto act : taken->acts) {
    if (!act) continue;
    effects.emplace_back(Order{*act, replica.id, replica.revision, ++replica.epoch, at_once});
  }
  return true;
}

// What was there already when the last one failed tells nothing new: a burst that fails together failed once.
void Fleet::blame(std::size_t at, Time began, Time now, std::uint32_t free) {
  if (replicas_[at].revision != revision_ || began < failed_at_) return;
  failed_at_ = now;
  backoff_.failed(now, free);
}

// A replica that works takes failures back, if it became ready after them: beside one that has served for long, others
// may well be unable to start.
void Fleet::absolve(std::size_t at) {
  if (backoff_.failures() == 0 || replicas_[at].revision != revision_ || entries_[at].ready_at < failed_at_) return;
  backoff_.succeeded();
}

void Fleet::judge(std::size_t at, Time now) {
  if (now - entries_[at].ready_at >= settings_.healthy_after) return absolve(at);
  blame(at, entries_[at].ready_at, now, 1);
}

void Fleet::give_up(std::size_t at, FleetEffects& effects, Time now) {
  effects.emplace_back(Lost{replicas_[at].id});
  entries_[at].shares.assign(pools_, {});
  step(at, Event::failed, effects, now, true);
}

void Fleet::erase(std::size_t at) {
  replicas_.erase(replicas_.begin() + static_cast<std::ptrdiff_t>(at));
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
}

std::size_t Fleet::add(ReplicaId replica, std::uint64_t revision, const FleetSettings& settings, Time now) {
  replicas_.push_back({.id = replica, .revision = revision, .since = now});
  entries_.push_back({.shares = std::vector<Share>(pools_),
                      .concurrency = std::max(1u, settings.scale.concurrency),
                      .freeze_after = settings.freeze_after,
                      .freezing = Backoff{settings.freeze_again},
                      .ready_at = now,
                      .idle_since = now});
  return replicas_.size() - 1;
}

void Fleet::start(std::uint64_t revision, const FleetSettings& settings, FleetEffects& effects, Time now) {
  step(add(ids_.next(), revision, settings, now), Event::trigger, effects, now);
}

std::vector<PoolId> Fleet::neediest_first() const {
  std::vector<PoolId> order(pools_);
  std::iota(order.begin(), order.end(), PoolId{0});
  std::ranges::stable_sort(order, std::greater{}, [&](PoolId pool) { return need_[pool]; });
  return order;
}

// Slots are divided evenly; where they do not go round, those in need come first.
void Fleet::lend_all(std::size_t at, FleetEffects& effects) {
  auto& entry = entries_[at];
  entry.reclaimed = Reclaimed::no;
  std::uint32_t first = 0;
  auto left = pools_;
  for (const auto pool : neediest_first()) {
    const auto count = (entry.concurrency - first + left - 1) / left;
    --left;
    if (count == 0) continue;
    entry.shares[pool] = {first, count, false};
    effects.emplace_back(Lend{pool, replicas_[at].id, first, count});
    first += count;
  }
}

void Fleet::reclaim(std::size_t at, Reclaimed why, FleetEffects& effects, Time now) {
  auto& entry = entries_[at];
  entry.reclaimed = why;
  if (!entry.lent()) return settle(at, effects, now);
  for (PoolId pool = 0; pool < pools_; ++pool) {
    auto& share = entry.shares[pool];
    if (share.count == 0 || share.asked_back) continue;
    share.asked_back = true;
    effects.emplace_back(Reclaim{pool, replicas_[at].id});
  }
}

void Fleet::settle(std::size_t at, FleetEffects& effects, Time now) {
  auto& entry = entries_[at];
  auto& replica = replicas_[at];
  if (replica.life.phase == Phase::executing) step(at, Event::done, effects, now);
  replica.in_flight = 0;
  const bool lives = replica.life.phase == Phase::warm || replica.life.phase == Phase::frozen;
  if (entry.reclaimed == Reclaimed::to_stop && yielding_ && lives) {
    replica.life.stopping = true;
    effects.emplace_back(Yield{replica.id});
  } else if (entry.reclaimed == Reclaimed::to_stop) {
    step(at, Event::stop, effects, now);
  } else if (entry.reclaimed == Reclaimed::to_freeze) {
    const bool wanted = std::ranges::any_of(need_, [](auto held) { return held > 0; });
    entry.reclaimed = Reclaimed::no;
    if (wanted) {
      lend_all(at, effects);
    } else {
      step(at, Event::freeze, effects, now);
    }
  }
}

void Fleet::drain(std::size_t at, FleetEffects& effects, Time now) {
  if (!step(at, Event::drain, effects, now)) return;
  reclaim(at, Reclaimed::to_stop, effects, now);
}

// It is still busy, or it would not be there to be taken back; what of it idles takes calls again at once.
bool Fleet::recall(std::size_t at, FleetEffects& effects, Time now) {
  if (!step(at, Event::recall, effects, now)) return false;
  auto& entry = entries_[at];
  entry.reclaimed = Reclaimed::no;
  for (PoolId pool = 0; pool < pools_; ++pool) {
    auto& share = entry.shares[pool];
    if (share.count == 0 || !std::exchange(share.asked_back, false)) continue;
    effects.emplace_back(Recall{pool, replicas_[at].id});
  }
  lend_gaps(at, effects);
  return true;
}

// Shares that were given back already go out again: what lies between those that are lent.
void Fleet::lend_gaps(std::size_t at, FleetEffects& effects) {
  auto& entry = entries_[at];
  std::uint32_t first = 0;
  for (PoolId pool = 0; pool < pools_; ++pool) {
    if (entry.shares[pool].count > 0) continue;
    const auto covers = [&](const Share& share) { return share.first <= first && first < share.first + share.count; };
    for (auto over = std::ranges::find_if(entry.shares, covers); over != entry.shares.end();
         over = std::ranges::find_if(entry.shares, covers)) {
      first = over->first + over->count;
    }
    auto end = entry.concurrency;
    for (const auto& share : entry.shares) {
      if (share.count > 0 && share.first >= first) end = std::min(end, share.first);
    }
    if (first >= end) return;
    entry.shares[pool] = {first, end - first, false};
    effects.emplace_back(Lend{pool, replicas_[at].id, first, end - first});
  }
}

}  // namespace hearth::domain
