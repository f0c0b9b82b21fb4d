#include "control/effect_runner.h"

#include "control/faults.h"
#include "control/timers.h"

#include <algorithm>
#include <utility>

namespace hearth::control {

using domain::Act;
using domain::Order;

namespace {

constexpr std::uint32_t kThawThreads = 2;
constexpr std::uint32_t kMostFreezes = 2;

}  // namespace

EffectRunner::EffectRunner(ports::Engine& engine, const ports::Clock& clock, Timers& timers, Settings settings)
    : engine_(engine),
      clock_(clock),
      timers_(timers),
      settings_(std::move(settings)),
      budget_(settings_.max_starts),
      memory_(settings_.memory) {
  for (std::uint32_t i = 0; i < settings_.threads; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work(std::move(stop)); });
  }
  for (std::uint32_t i = 0; i < kThawThreads; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { thaw_only(std::move(stop)); });
  }
}

EffectRunner::~EffectRunner() { shut_down(); }

void EffectRunner::push(const std::shared_ptr<Ordering>& who, const Order& order, domain::Bytes size) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  auto& lane = running_[order.replica];
  lane.who = who;
  if (order.act == Act::start) lane.size = size;
  if (order.act == Act::stop) memory_.leaves(order.replica);
  if (const auto now = lanes_.push(order)) return schedule(lane, *now);
  if (lane.now.act == Act::freeze) lane.halt.request_stop();  // whatever comes, it is not to be frozen
  if (order.act != Act::stop || lane.now.act != Act::start) return;
  lane.halt.request_stop();
  if (!budget_.drop(who.get(), order.replica)) return;
  waiting_.count -= lane.size.count;
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
  lane.since = clock_.now();
  lane.halt = {};
  if (order.act == Act::start) {
    if (lanes_.stop_waits(order.replica)) lane.halt.request_stop();
    budget_.want(lane.who.get(), order.replica);
    waiting_.count += lane.size.count;
    return pump();
  }
  auto& queue = order.act == Act::stop ? stops_ : order.act == Act::freeze ? freezes_ : thaws_;
  queue.emplace_back([this, order] { run(order); });
  if (order.act == Act::thaw) thaw_wanted_.notify_one();
  wanted_.notify_one();
}

void EffectRunner::dispose(domain::ReplicaId replica) { try_to_dispose(replica, {}); }

void EffectRunner::try_to_dispose(domain::ReplicaId replica, domain::Backoff retries) {
  const std::scoped_lock lock{mutex_};
  if (down_) return;
  stops_.emplace_back([this, replica, retries]() mutable {
    if (stop(replica, settings_.stop_grace)) return let_go(replica);
    retries.failed(clock_.now());
    timers_.at(retries.retry_at(), [this, replica, retries] { try_to_dispose(replica, retries); });
  });
  wanted_.notify_one();
}

void EffectRunner::pump() {
  while (const auto next = budget_.take([this](Ordering*, domain::ReplicaId replica) { return fits(replica); })) {
    const auto& lane = running_.at(next->second);
    waiting_.count -= lane.size.count;
    tasks_.emplace_back([this, order = lane.now] { run(order); });
    wanted_.notify_one();
  }
  if (!budget_.waits()) short_of_memory_ = false;
}

// What would never fit has its turn at once, to be told so.
bool EffectRunner::fits(domain::ReplicaId replica) {
  const auto size = running_.at(replica).size;
  const bool fits = size > memory_.total() || memory_.take(replica, size);
  short_of_memory_ = !fits;
  if (!fits) ask_for_room();
  return fits;
}

void EffectRunner::ask_for_room() {
  if (!settings_.make_room || std::exchange(asked_for_room_, true)) return;
  tasks_.emplace_back([this] { make_room(); });
  wanted_.notify_one();
}

// For as many of those that wait as may start at once: they need not wait for each other's room.
void EffectRunner::make_room() {
  domain::Bytes missing;
  {
    const std::scoped_lock lock{mutex_};
    asked_for_room_ = false;
    if (down_ || !short_of_memory_) return;
    missing = memory_.missing(waiting_);
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
  memory_.add(replica, size);
}

void EffectRunner::let_go(domain::ReplicaId replica) {
  const std::scoped_lock lock{mutex_};
  memory_.give_back(replica);
  if (!down_) pump();
}

std::optional<std::function<void()>> EffectRunner::take() {
  const auto first_of = [](std::deque<std::function<void()>>& queue) {
    auto task = std::move(queue.front());
    queue.pop_front();
    return task;
  };
  const auto counted = [&](std::deque<std::function<void()>>& queue, std::uint32_t& running) {
    ++running;
    return [this, task = first_of(queue), &running] {
      task();
      const std::scoped_lock lock{mutex_};
      --running;
      wanted_.notify_one();
    };
  };
  if (!thaws_.empty()) return first_of(thaws_);
  if (!tasks_.empty()) return first_of(tasks_);
  const auto most_stops = std::max(1u, settings_.threads - std::min(settings_.threads, settings_.max_starts));
  if (!stops_.empty() && stopping_ < most_stops) return counted(stops_, stopping_);
  if (!freezes_.empty() && freezing_ < kMostFreezes) return counted(freezes_, freezing_);
  return std::nullopt;
}

void EffectRunner::thaw_only(std::stop_token stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (thaws_.empty()) {
      thaw_wanted_.wait(lock);
      continue;
    }
    const auto task = std::move(thaws_.front());
    thaws_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
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
  const auto halt = lane.halt.get_token();
  const auto since = lane.since;
  lock.unlock();
  switch (order.act) {
    case Act::start: start(who, order, halt); break;
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

void EffectRunner::start(const std::shared_ptr<Ordering>& who, const Order& order, std::stop_token stop) {
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
    budget_.done();
    if (!down_) pump();
  }
  if (running) {
    who->started(order, *running);
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
  memory_.give_back(replica);
  pump();
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
    freezes_.clear();
    thaws_.clear();
    for (auto& [replica, lane] : running_) lane.halt.request_stop();
    for (auto& thread : threads_) thread.request_stop();
    wanted_.notify_all();
    thaw_wanted_.notify_all();
  }
  threads_.clear();
}

}  // namespace hearth::control
