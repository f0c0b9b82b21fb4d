#include "control/effect_runner.h"

#include "control/faults.h"
#include "control/timers.h"

#include <algorithm>
#include <utility>

namespace hearth::control {

using domain::Act;
using domain::Order;

using Kind = EffectThreads::Kind;

EffectRunner::EffectRunner(ports::Engine& engine, const ports::Clock& clock, Timers& timers, Settings settings)
    : engine_(engine),
      clock_(clock),
      timers_(timers),
      settings_(std::move(settings)),
      turns_(settings_.max_starts, settings_.memory),
      threads_(settings_.max_starts + settings_.max_stops, settings_.max_stops) {}

EffectRunner::~EffectRunner() { shut_down(); }

void EffectRunner::push(const std::shared_ptr<Ordering>& who, const Order& order, domain::Bytes size) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  auto& lane = running_[order.replica];
  lane.who = who;
  if (order.act == Act::start) lane.size = size;
  if (order.act == Act::stop) turns_.leaves(order.replica);
  if (const auto now = lanes_.push(order)) return schedule(lane, *now);
  if (lane.now.act == Act::freeze) lane.halt.request_stop();  // whatever comes, it is not to be frozen
  if (order.act != Act::stop || lane.now.act != Act::start) return;
  lane.halt.request_stop();
  if (!turns_.drop(who.get(), order.replica)) return;
  // It was never begun: the stop's turn has come.
  if (const auto next = lanes_.finished(order.replica)) schedule(lane, *next);
}

void EffectRunner::post(std::function<void()> task) { threads_.push(Kind::work, std::move(task)); }

void EffectRunner::schedule(Lane& lane, const Order& order) {
  lane.now = order;
  lane.since = clock_.now();
  lane.halt = {};
  if (order.act == Act::start) {
    if (lanes_.stop_waits(order.replica)) lane.halt.request_stop();
    turns_.want(lane.who.get(), order.replica, lane.size);
    return pump();
  }
  const auto kind = order.act == Act::stop ? Kind::stop : order.act == Act::freeze ? Kind::freeze : Kind::thaw;
  threads_.push(kind, [this, order] { run(order); });
}

void EffectRunner::dispose(domain::ReplicaId replica) { try_to_dispose(replica, {}); }

void EffectRunner::try_to_dispose(domain::ReplicaId replica, domain::Backoff retries) {
  threads_.push(Kind::stop, [this, replica, retries]() mutable {
    if (stop(replica, settings_.stop_grace)) return let_go(replica);
    retries.failed(clock_.now());
    timers_.at(retries.retry_at(), [this, replica, retries] { try_to_dispose(replica, retries); });
  });
}

void EffectRunner::pump() {
  while (const auto next = turns_.take()) {
    auto& lane = running_.at(next->second);
    lane.turn = {.waited = clock_.now() - lane.since, .for_memory = short_at_ >= lane.since};
    threads_.push(Kind::work, [this, order = lane.now] { run(order); });
  }
  short_of_memory_ = turns_.short_of_memory();
  if (!short_of_memory_) return;
  short_at_ = clock_.now();
  ask_for_room();
}

void EffectRunner::ask_for_room() {
  if (!settings_.make_room || std::exchange(asked_for_room_, true)) return;
  threads_.push(Kind::work, [this] { make_room(); });
}

void EffectRunner::make_room() {
  domain::Bytes missing;
  {
    const std::scoped_lock lock{mutex_};
    asked_for_room_ = false;
    if (down_ || !short_of_memory_) return;
    missing = turns_.missing();
  }
  if (missing.count > 0) settings_.make_room(missing);
  const std::scoped_lock lock{mutex_};
  if (down_ || std::exchange(looks_again_, true)) return;
  // Whose last call ends meanwhile does not say so.
  constexpr auto kLookAgain = std::chrono::milliseconds{100};
  timers_.at(clock_.now() + kLookAgain, [this] {
    const std::scoped_lock again{mutex_};
    looks_again_ = false;
    if (!down_) pump();
  });
}

void EffectRunner::holds(domain::ReplicaId replica, domain::Bytes size) {
  const std::scoped_lock lock{mutex_};
  turns_.holds(replica, size);
}

void EffectRunner::let_go(domain::ReplicaId replica) {
  const std::scoped_lock lock{mutex_};
  turns_.gone(replica);
  if (!down_) pump();
}

void EffectRunner::run(const Order& order) {
  std::unique_lock lock{mutex_};
  const auto& lane = running_.at(order.replica);
  const auto who = lane.who;
  const auto halt = lane.halt.get_token();
  const auto since = lane.since;
  const auto turn = lane.turn;
  lock.unlock();
  switch (order.act) {
    case Act::start: start(who, order, turn, halt); break;
    case Act::stop:
      if (!stop(order.replica, order.at_once ? std::chrono::milliseconds{0} : settings_.stop_grace)) {
        return retry(order);
      }
      who->stopped(order);
      break;
    case Act::freeze: freeze(who, order, halt); break;
    case Act::thaw: thaw(who, order, since); break;
  }
  finish(order.replica);
}

void EffectRunner::start(const std::shared_ptr<Ordering>& who, const Order& order, domain::Turn turn,
                         std::stop_token stop) {
  std::optional<ports::Running> running;
  domain::Fault fault;
  who->starting(order);
  try {
    const auto spec = who->spec(order);
    if (spec.limits.memory > settings_.memory) throw domain::Error(larger_than_all(spec, settings_.memory));
    running = engine_.start(spec, std::move(stop));
  } catch (const domain::Error& error) {
    fault = error.fault();
  } catch (const std::exception& error) {
    fault = {.message = std::string{"starting a replica failed: "} + error.what()};
  }
  {
    const std::scoped_lock lock{mutex_};
    turns_.done();
    if (!down_) pump();
  }
  if (running) {
    who->started(order, *running, turn);
  } else {
    who->not_started(order, fault);
  }
}

void EffectRunner::freeze(const std::shared_ptr<Ordering>& who, const Order& order, std::stop_token stop) {
  std::optional<std::string> why;
  const auto which = who->freezing(order);
  try {
    why = stop.stop_requested() ? "it is wanted" : engine_.freeze(order.replica, which, std::move(stop));
  } catch (const std::exception& error) {
    why = error.what();
  }
  why ? who->not_frozen(order, *why) : who->froze(order);
}

void EffectRunner::thaw(const std::shared_ptr<Ordering>& who, const Order& order, domain::Time since) {
  domain::Fault fault;
  try {
    engine_.thaw(order.replica);
    return who->thawed(order, std::chrono::duration_cast<std::chrono::microseconds>(clock_.now() - since));
  } catch (const domain::Error& error) {
    fault = error.fault();
  } catch (const std::exception& error) {
    fault = {.message = std::string{"thawing a replica failed: "} + error.what()};
  }
  who->not_thawed(order, fault);
}

bool EffectRunner::stop(domain::ReplicaId replica, std::chrono::milliseconds grace) {
  try {
    engine_.stop(replica, grace);
  } catch (const std::exception&) {
    return false;  // the engine is away or busy; what is to go must go
  }
  return true;
}

void EffectRunner::finish(domain::ReplicaId replica) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  const bool stopped = running_.at(replica).now.act == Act::stop;
  if (const auto next = lanes_.finished(replica)) {
    schedule(running_.at(replica), *next);
  } else if (stopped) {
    running_.erase(replica);
  }
  if (!stopped) return;
  turns_.gone(replica);
  pump();
}

void EffectRunner::retry(const Order& order) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  auto& retries = running_.at(order.replica).retries;
  retries.failed(clock_.now());
  timers_.at(retries.retry_at(), [this, order] { threads_.push(Kind::stop, [this, order] { run(order); }); });
}

void EffectRunner::shut_down() {
  {
    const std::scoped_lock lock{mutex_};
    if (down_) return;
    down_ = true;
    for (auto& [replica, lane] : running_) lane.halt.request_stop();
  }
  threads_.end();
}

}  // namespace hearth::control
