#include "control/effect_runner.h"

#include "control/timers.h"

#include <algorithm>

namespace hearth::control {

using domain::Act;
using domain::Order;

EffectRunner::EffectRunner(ports::Engine& engine, const ports::Clock& clock, Timers& timers, Settings settings)
    : engine_(engine), clock_(clock), timers_(timers), settings_(settings), budget_(settings.max_starts) {
  for (std::uint32_t i = 0; i < settings.threads; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work(std::move(stop)); });
  }
}

EffectRunner::~EffectRunner() { shut_down(); }

void EffectRunner::push(const std::shared_ptr<Ordering>& who, const Order& order) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  auto& lane = running_[order.replica];
  lane.who = who;
  if (const auto now = lanes_.push(order)) return schedule(lane, *now);
  if (order.act != Act::stop || lane.now.act != Act::start) return;
  lane.starting.request_stop();
  if (!budget_.drop(who.get(), order.replica)) return;
  // It was never begun: the stop's turn has come.
  if (const auto next = lanes_.finished(order.replica)) schedule(lane, *next);
}

void EffectRunner::post(std::function<void()> task) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  tasks_.push_back(std::move(task));
  wanted_.notify_one();
}

void EffectRunner::schedule(Lane& lane, const Order& order) {
  lane.now = order;
  if (order.act == Act::start) {
    lane.starting = {};
    if (lanes_.stop_waits(order.replica)) lane.starting.request_stop();
    budget_.want(lane.who.get(), order.replica);
    return pump();
  }
  auto& queue = order.act == Act::stop ? stops_ : tasks_;
  queue.emplace_back([this, order] { run(order); });
  wanted_.notify_one();
}

void EffectRunner::dispose(domain::ReplicaId replica) { try_to_dispose(replica, {}); }

void EffectRunner::try_to_dispose(domain::ReplicaId replica, domain::Backoff retries) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  stops_.emplace_back([this, replica, retries]() mutable {
    if (stop(replica, settings_.stop_grace)) return;
    retries.failed(clock_.now());
    timers_.at(retries.retry_at(), [this, replica, retries] { try_to_dispose(replica, retries); });
  });
  wanted_.notify_one();
}

void EffectRunner::pump() {
  while (const auto next = budget_.take()) {
    tasks_.emplace_back([this, order = running_.at(next->second).now] { run(order); });
    wanted_.notify_one();
  }
}

std::optional<std::function<void()>> EffectRunner::take() {
  const auto first_of = [](std::deque<std::function<void()>>& queue) {
    auto task = std::move(queue.front());
    queue.pop_front();
    return task;
  };
  if (!tasks_.empty()) return first_of(tasks_);
  const auto most_stops = std::max(1u, settings_.threads - std::min(settings_.threads, settings_.max_starts));
  if (stops_.empty() || stopping_ >= most_stops) return std::nullopt;
  ++stopping_;
  return [this, stop = first_of(stops_)] {
    stop();
    const std::scoped_lock lock{mutex_};
    --stopping_;
    wanted_.notify_one();
  };
}

void EffectRunner::work(std::stop_token stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const auto task = take();
    if (!task) {
      wanted_.wait(lock);
      continue;
    }
    lock.unlock();
    (*task)();
    lock.lock();
  }
}

void EffectRunner::run(const Order& order) {
  std::unique_lock lock{mutex_};
  const auto& lane = running_.at(order.replica);
  const auto who = lane.who;
  const auto starting = lane.starting.get_token();
  lock.unlock();
  switch (order.act) {
    case Act::start: start(who, order, starting); break;
    case Act::stop:
      if (!stop(order.replica, order.at_once ? std::chrono::milliseconds{0} : settings_.stop_grace)) {
        return retry(order);
      }
      who->stopped(order);
      break;
    case Act::freeze:
    case Act::thaw:
      // No fleet is told to freeze while its settings name no time for it.
      break;
  }
  finish(order.replica);
}

void EffectRunner::start(const std::shared_ptr<Ordering>& who, const Order& order, std::stop_token stop) {
  std::optional<ports::Running> running;
  domain::Fault fault;
  who->starting(order);
  try {
    running = engine_.start(who->spec(order), std::move(stop));
  } catch (const domain::Error& error) {
    fault = error.fault();
  } catch (const std::exception& error) {
    fault = {.message = std::string{"starting a replica failed: "} + error.what()};
  }
  {
    const std::scoped_lock lock{mutex_};
    budget_.done();
    if (!down_) pump();
  }
  if (running) {
    who->started(order, *running);
  } else {
    who->not_started(order, fault);
  }
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
  if (const auto next = lanes_.finished(replica)) {
    schedule(running_.at(replica), *next);
  } else if (running_.at(replica).now.act == Act::stop) {
    running_.erase(replica);
  }
}

void EffectRunner::retry(const Order& order) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  auto& retries = running_.at(order.replica).retries;
  retries.failed(clock_.now());
  timers_.at(retries.retry_at(), [this, order] {
    const std::scoped_lock lock{mutex_};
    if (down_) return;
    stops_.emplace_back([this, order] { run(order); });
    wanted_.notify_one();
  });
}

void EffectRunner::shut_down() {
  {
    const std::scoped_lock lock{mutex_};
    if (down_) return;
    down_ = true;
    tasks_.clear();
    stops_.clear();
    for (auto& [replica, lane] : running_) lane.starting.request_stop();
    for (auto& thread : threads_) thread.request_stop();
    wanted_.notify_all();
  }
  threads_.clear();
}

}  // namespace hearth::control
