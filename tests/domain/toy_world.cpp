#include "domain/toy_world.h"

#include <algorithm>
#include <utility>

namespace hearth::domain {

using namespace std::chrono_literals;

namespace {

Duration millis(std::uint32_t count) { return std::chrono::milliseconds{count}; }

}  // namespace

ToyWorld::ToyWorld(const WorldSettings& settings, std::uint32_t seed)
    : settings_(settings),
      random_(seed),
      pools_(settings.pools, Pool{settings.max_held, 2}),
      fleet_(settings.fleet, settings.pools, ids_),
      engine_(settings.max_starts, [this](const std::string& what) { violated(what); }),
      calls_([this](const std::string& what) { violated(what); }) {
  fleet_.serve(1, settings.fleet);
  for (std::uint32_t i = 0; i < settings.adopted; ++i) {
    const auto replica = ids_.next();
    engine_.bodies[replica] = {.state = Body::State::ready, .concurrency = settings.fleet.scale.concurrency};
    fleet_.adopt(replica, 1, effects_, now_);
  }
  settle();
}

void ToyWorld::violated(const std::string& what) {
  if (violation_.empty()) violation_ = what;
}

// --- what may happen ---

void ToyWorld::step() {
  const auto choice = random(100);
  if (choice < 22) {
    call_arrives(random(settings_.pools), millis(1 + random(chance(20) ? 5000 : 400)));
  } else if (choice < 40) {
    call_ends(!chance(12));
  } else if (choice < 43) {
    call_leaves();
  } else if (choice < 55 && engine_.sent() > 0) {
    engine_.arrive(random(static_cast<std::uint32_t>(engine_.sent())));
  } else if (choice < 66 && !engine_.running().empty()) {
    order_ends(random(static_cast<std::uint32_t>(engine_.running().size())), !chance(25));
  } else if (choice < 73) {
    deliver(out_);
  } else if (choice < 80) {
    deliver(in_);
  } else if (choice < 82) {
    replica_dies();
  } else if (choice < 84 && !deaths_.empty()) {
    hear_death(deaths_.front());
  } else if (choice < 88) {
    change_something();
  } else {
    advance(now_ + millis(random(chance(10) ? 3000 : 60)));
  }
  check();
}

void ToyWorld::step_engine_and_calls() {
  const auto choice = random(5);
  if (choice == 0) {
    call_ends(true);
  } else if (choice == 1 && engine_.sent() > 0) {
    engine_.arrive(random(static_cast<std::uint32_t>(engine_.sent())));
  } else if (choice == 2 && !engine_.running().empty()) {
    order_ends(random(static_cast<std::uint32_t>(engine_.running().size())), true);
  } else {
    deliver(choice == 3 ? out_ : in_);
  }
  check();
}

void ToyWorld::change_something() {
  const auto choice = random(20);
  if (choice < 8) {
    away_ = !away_;
    fleet_.engine_away(away_);
  } else if (choice < 10) {
    fleet_.serve(++last_revision_, settings_.fleet);
  } else if (choice < 12) {
    fleet_.serve(1 + random(static_cast<std::uint32_t>(last_revision_)), settings_.fleet);
  } else if (choice < 16) {
    fleet_.prepare(++last_revision_, settings_.fleet);
  } else if (choice < 19) {
    fleet_.prepare(1 + random(static_cast<std::uint32_t>(last_revision_)), settings_.fleet);
  } else if (chance(20)) {
    fleet_.remove();
  }
  settle();
}

// --- calls ---

void ToyWorld::call_arrives(PoolId pool, Duration patience) {
  const auto call = ++last_call_;
  const auto deadline = now_ + patience;
  const auto answer = pools_[pool].call_arrived(call, deadline, random(2), now_);
  if (std::holds_alternative<Refusal>(answer)) return;
  calls_.arrived(call, pool, deadline);
  if (const auto* grant = std::get_if<Grant>(&answer)) return granted(pool, *grant);  // the warm path tells nobody
  if (pool == 0) return settle();
  report(pool);
}

void ToyWorld::granted(PoolId pool, const Grant& grant) {
  if (!calls_.granted(pool, grant, now_)) return;
  const auto known = std::ranges::find(fleet_.replicas(), grant.slot.replica, &Fleet::Replica::id);
  const bool untried = known != fleet_.replicas().end() && known->revision == fleet_.candidate();
  engine_.occupy(pool, grant.slot, untried);
  ++tally_[grant.held > Duration{0} ? Tally::granted_later : Tally::granted_at_once];
}

void ToyWorld::call_ends(bool well) {
  const auto executing = calls_.executing();
  if (executing.empty()) return;
  const auto call = calls_.take(executing[random(static_cast<std::uint32_t>(executing.size()))]);
  const auto slot = *call.slot;
  const auto replica = slot.replica;
  const auto& body = engine_.bodies[replica];
  well = well && !body.excusable();
  const bool overran = !well && !body.excusable() && body.concurrency == 1 && chance(30);
  to_fleet(call.pool, [this, replica, well, overran] {
    if (well) return fleet_.call_completed(replica);
    overran ? fleet_.overran(replica, effects_, now_) : fleet_.call_broken(replica, effects_, now_);
    for (std::size_t i = 0; i < effects_.size(); ++i) apply(FleetEffect{effects_[i]});
    if (!effects_.empty()) effects_.clear(), settle();
  });
  engine_.vacate(slot);
  const auto ended = pools_[call.pool].call_ended(slot, random(2), now_);
  if (ended.next) granted(call.pool, *ended.next);
  if (ended.given_back) {
    to_fleet(call.pool, [this, pool = call.pool, back = *ended.given_back] {
      fleet_.given_back(pool, back, effects_, now_);
      settle();
    });
  }
  if (call.pool != 0) report(call.pool);
}

void ToyWorld::call_leaves() {
  for (const auto id : calls_.held()) {
    if (!chance(50)) continue;
    if (!pools_[calls_.take(id).pool].cancel(id)) violated("a held call was lost");
    return;
  }
}

void ToyWorld::expire(PoolId pool) {
  for (const auto call : pools_[pool].expire(now_)) calls_.expired(call, now_), ++tally_[Tally::expired];
}

// --- the engine ---

void ToyWorld::order_ends(std::size_t which, bool lucky) {
  const auto act = engine_.running()[which].act;
  if (act == Act::stop && (away_ || !lucky)) return;  // tried again later
  bool success = lucky && (act != Act::freeze || chance(50));
  if (act == Act::start) success = lucky && !away_;
  if (act == Act::thaw) success = (lucky && chance(50)) || !may_fail_to_thaw(engine_.running()[which].replica);
  const auto order = engine_.finish(which, success);
  auto& body = engine_.bodies[order.replica];
  body.concurrency = settings_.fleet.scale.concurrency;
  ++tally_.orders[static_cast<std::size_t>(order.act)];
  tally_[Tally::failed_starts] += act == Act::start && !success;
  tally_[Tally::failed_freezes] += act == Act::freeze && !success;
  tally_[Tally::failed_thaws] += act == Act::thaw && !success;
  const auto candidate = fleet_.candidate();
  switch (order.act) {
    case Act::start:
      if (success) {
        fleet_.loaded(order.replica, order.epoch, effects_, now_);
        if (obituaries_.contains(order.replica)) fleet_.died(order.replica, effects_, now_);
      } else {
        fleet_.start_failed(order.replica, order.epoch, effects_, now_);
      }
      break;
    case Act::stop: fleet_.gone(order.replica, order.epoch); break;
    case Act::freeze:
      success ? fleet_.froze(order.replica, order.epoch, now_)
              : fleet_.not_frozen(order.replica, order.epoch, effects_, now_);
      break;
    case Act::thaw:
      success ? fleet_.thawed(order.replica, order.epoch, effects_, now_)
              : fleet_.not_thawed(order.replica, order.epoch, effects_, now_);
      break;
  }
  if (candidate != 0 && fleet_.candidate() == 0)
    ++tally_[fleet_.revision() == candidate ? Tally::proven : Tally::unproven];
  settle();
  engine_.next_of(order.replica);
}

// Before its stop it is thawed whatever it takes.
bool ToyWorld::may_fail_to_thaw(ReplicaId replica) const {
  const auto known = std::ranges::find(fleet_.replicas(), replica, &Fleet::Replica::id);
  return known != fleet_.replicas().end() && !known->life.stopping;
}

void ToyWorld::replica_dies() {
  std::vector<ReplicaId> living;
  for (const auto& [id, body] : engine_.bodies) {
    const bool there = body.state == Body::State::ready || body.state == Body::State::frozen;
    if (there && !body.dead) living.push_back(id);
  }
  if (living.empty()) return;
  std::ranges::sort(living);
  const auto replica = living[random(static_cast<std::uint32_t>(living.size()))];
  engine_.bodies[replica].dead = true;
  deaths_.push_back(replica);
}

void ToyWorld::hear_death(ReplicaId replica) {
  std::erase(deaths_, replica);
  obituaries_.insert(replica);
  ++tally_[Tally::died];
  fleet_.died(replica, effects_, now_);
  settle();
}

// --- between the fleet and its pools ---

void ToyWorld::settle() {
  for (int round = 0;; ++round) {
    if (round == 100) return violated("decides for ever");
    expire(0);
    for (std::size_t i = 0; i < effects_.size(); ++i) apply(FleetEffect{effects_[i]});
    effects_.clear();
    std::vector<PoolReport> reports{pools_[0].report(settings_.fleet.scale.patience, now_)};
    if (settings_.pools > 1) reports.push_back(heard_);
    fleet_.decide(reports, effects_, now_);
    // A refusal is repeated for as long as the second gateway's last report tells of held calls.
    if (std::ranges::all_of(effects_, [](const auto& one) { return std::holds_alternative<RefuseHeld>(one); })) break;
  }
  for (const auto& effect : std::exchange(effects_, {})) apply(effect);
  if (fleet_.wake_at() && *fleet_.wake_at() <= now_) violated("wants to be woken in the past");
}

void ToyWorld::apply(const FleetEffect& effect) {
  if (const auto* order = std::get_if<Order>(&effect)) {
    engine_.send(*order);
  } else if (const auto* lent = std::get_if<Lend>(&effect)) {
    to_pool(lent->pool, [this, it = *lent] { lend(it); });
  } else if (const auto* asked = std::get_if<Reclaim>(&effect)) {
    to_pool(asked->pool, [this, it = *asked] { reclaim(it); });
  } else if (const auto* wanted = std::get_if<Recall>(&effect)) {
    to_pool(wanted->pool, [this, it = *wanted] { recall(it); });
  } else if (const auto* given = std::get_if<Yield>(&effect)) {
    yielded(given->replica);
  } else if (const auto* gone = std::get_if<Lost>(&effect)) {
    engine_.bodies[gone->replica].given_up = true;
    for (PoolId pool = 0; pool < settings_.pools; ++pool) {
      to_pool(pool, [this, pool, replica = gone->replica] { lost(pool, replica); });
    }
  } else {
    for (PoolId pool = 0; pool < settings_.pools; ++pool) {
      to_pool(pool, [this, pool] { refuse_held(pool); });
    }
  }
}

void ToyWorld::lend(const Lend& lend) {
  for (const auto& grant : pools_[lend.pool].lend(lend.replica, lend.first, lend.count, now_)) {
    granted(lend.pool, grant);
  }
}

void ToyWorld::reclaim(const Reclaim& reclaim) {
  if (!pools_[reclaim.pool].reclaim(reclaim.replica)) {
    ++tally_[Tally::reclaimed_busy];
    return;
  }
  const auto give_back = [this, reclaim] { fleet_.given_back(reclaim.pool, reclaim.replica, effects_, now_); };
  if (reclaim.pool == 0) return give_back();  // within settle()
  to_fleet(reclaim.pool, [this, give_back] { give_back(), settle(); });
}

void ToyWorld::recall(const Recall& recall) {
  const auto before = pools_[recall.pool].report(1s, now_).free;
  const auto grants = pools_[recall.pool].recall(recall.replica, now_);
  for (const auto& grant : grants) granted(recall.pool, grant);
  tally_[Tally::recalled] += !grants.empty() || pools_[recall.pool].report(1s, now_).free != before;
}

void ToyWorld::yielded(ReplicaId replica) {
  auto& body = engine_.bodies[replica];
  const bool lives = body.state == Body::State::ready || body.state == Body::State::frozen;
  if (!lives || body.busy) violated("yielded a replica that is not ready");
  if (!body.slots.empty() && !body.excusable()) violated("yielded while executing");
  body.state = Body::State::yielded;
  fleet_.released(replica);
}

void ToyWorld::lost(PoolId pool, ReplicaId replica) {
  pools_[pool].lost(replica);
  engine_.bodies[replica].knows_lost.insert(pool);
}

void ToyWorld::refuse_held(PoolId pool) {
  for (const auto call : pools_[pool].refuse_all()) calls_.refused(call), ++tally_[Tally::refused];
}

void ToyWorld::to_pool(PoolId pool, Message message) {
  if (pool == 0) return message();
  out_.push_back([this, pool, message = std::move(message)] { message(), report(pool); });
}

void ToyWorld::to_fleet(PoolId pool, Message message) {
  if (pool == 0) return message();
  in_.push_back(std::move(message));
}

void ToyWorld::report(PoolId pool) {
  auto now = pools_[pool].report(settings_.fleet.scale.patience, now_);
  next_long_ = now.next_long;
  in_.push_back([this, report = std::move(now)] {
    heard_ = report;
    settle();
  });
}

bool ToyWorld::deliver(std::deque<Message>& link) {
  if (link.empty()) return false;
  const auto message = std::move(link.front());
  link.pop_front();
  message();
  return true;
}

// --- time ---

std::optional<Time> ToyWorld::next_wake() const {
  std::optional<Time> next = fleet_.wake_at();
  const auto at = [&](const std::optional<Time>& time) {
    if (time) next = next ? std::min(*next, *time) : time;
  };
  for (const auto& pool : pools_) at(pool.wake_at());
  at(next_long_);
  return next;
}

void ToyWorld::advance(Time to) {
  for (auto wake = next_wake(); wake && *wake <= to && violation_.empty(); wake = next_wake()) {
    now_ = std::max(now_, *wake);
    for (PoolId pool = 0; pool < settings_.pools; ++pool) expire(pool);
    if (settings_.pools > 1) report(1);
    settle();
  }
  now_ = std::max(now_, to);
}

// --- what must be so ---

void ToyWorld::check() {
  for (PoolId pool = 0; pool < settings_.pools; ++pool) calls_.check(pool, pools_[pool], now_);
  std::uint32_t active = 0;
  std::uint32_t starting = 0;
  for (const auto& replica : fleet_.replicas()) {
    if (replica.life.draining || replica.life.stopping) continue;
    active += replica.revision == fleet_.revision();
    starting += replica.revision == fleet_.revision() && replica.life.phase == Phase::initializing;
  }
  const auto may_serve = [&](const Fleet::Replica& replica) {
    const auto& life = replica.life;
    const bool may_load = life.phase == Phase::initializing && replica.revision == fleet_.revision() && !away_;
    return !life.draining && !life.stopping && (may_load || state_of(life.phase) != State::initializing);
  };
  const bool nothing_starts = fleet_.removed() || away_ || fleet_.backing_off(now_);
  if (pools_[0].held() > 0 && nothing_starts && std::ranges::none_of(fleet_.replicas(), may_serve)) {
    violated("holds calls that nothing will serve");
  }
  if (active > settings_.fleet.scale.max) violated("more replicas than max");
  if (starting > settings_.fleet.scale.max_starting) violated("more starts at once than one function may cause");
}

}  // namespace hearth::domain
