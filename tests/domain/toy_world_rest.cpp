// How a toy world comes to rest, and what must be so then.
#include "domain/toy_world.h"

#include <algorithm>
#include <string>
#include <utility>

namespace hearth::domain {

using namespace std::chrono_literals;

void ToyWorld::calm_down() {
  if (std::exchange(away_, false)) fleet_.engine_away(false);
  settle();
  // Far beyond what idle times and back-offs add up to.
  const auto end = now_ + 1h;
  for (int round = 0; violation_.empty(); ++round) {
    if (round == 20'000) return violated("never comes to rest");
    if (!deaths_.empty()) {
      hear_death(deaths_.front());
    } else if (engine_.sent() > 0) {
      engine_.arrive(random(static_cast<std::uint32_t>(engine_.sent())));
    } else if (!engine_.running().empty()) {
      order_ends(random(static_cast<std::uint32_t>(engine_.running().size())), true);
    } else if (deliver(out_) || deliver(in_)) {
    } else if (!calls_.executing().empty()) {
      call_ends(true);
    } else if (const auto wake = next_wake(); wake && *wake <= end) {
      advance(*wake);
    } else {
      break;
    }
    check();
  }
}

void ToyWorld::serve_again() {
  if (fleet_.removed() || !violation_.empty()) return;
  advance(now_ + settings_.fleet.backoff.most);
  const auto unserved = tally_[Tally::refused] + tally_[Tally::expired];
  for (PoolId pool = 0; pool < settings_.pools; ++pool) call_arrives(pool, 30s);
  const auto asked = now_;
  calm_down();
  if (tally_[Tally::refused] + tally_[Tally::expired] != unserved)
    violated("did not serve a call though nothing is wrong");
  if (!calls_.empty() || asked + 1h < now_) violated("left a call unanswered though nothing is wrong");
}

void ToyWorld::remove() {
  fleet_.remove();
  settle();
  calm_down();
}

void ToyWorld::yield() {
  fleet_.yield();
  settle();
  for (int i = 0; i < 40 && violation_.empty(); ++i) {
    if (chance(20)) call_arrives(0, 30s);
    step_engine_and_calls();
  }
  calm_down();
}

void ToyWorld::check_yielded() {
  if (!calls_.empty()) violated("a call is left by who has left");
  for (const auto& replica : fleet_.replicas()) {
    violated("a replica was neither yielded nor ended: " + std::string{name(replica.life.phase)} +
             (replica.life.draining ? ", draining" : "") + (replica.life.stopping ? ", stopping" : ""));
  }
  for (const auto& [id, body] : engine_.bodies) {
    if (body.state != Body::State::absent && body.state != Body::State::yielded) violated("a replica was left behind");
  }
}

void ToyWorld::check_rest() {
  if (fleet_.removed()) return check_cold();
  if (!calls_.empty()) violated("a call is left at rest");
  const auto& replicas = fleet_.replicas();
  if (replicas.size() != settings_.fleet.scale.min) violated("not min replicas at rest");
  for (const auto& replica : replicas) {
    const bool fine = replica.revision == fleet_.revision() && state_of(replica.life.phase) == State::warm;
    if (!fine) violated("a replica at rest that is not warm or not of the active revision");
  }
}

void ToyWorld::check_cold() {
  if (!calls_.empty()) violated("a call is left in the cold");
  if (!fleet_.replicas().empty()) violated("a replica is left in the cold");
  if (fleet_.wake_at()) violated("a cold function wants to be woken");
  if (!engine_.remembers_nothing()) violated("lanes or budget remember a cold function");
  for (const auto& [id, body] : engine_.bodies) {
    if (body.state != Body::State::absent) violated("a replica was left behind");
  }
  for (const auto& pool : pools_) {
    const auto report = pool.report(1s, now_);
    if (!report.replicas.empty() || report.free != 0) violated("a pool remembers a cold function's replicas");
  }
}

}  // namespace hearth::domain
