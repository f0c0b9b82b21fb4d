#include "control/durable_calls.h"

#include "domain/error.h"

#include <algorithm>
#include <memory>

namespace hearth::control {

using domain::FunctionName;
using domain::WallTime;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kPage = 512;
constexpr int kInARow = 16;         // of one function, before others have their turn
constexpr auto kSoon = 1s;          // when what the store refused is tried again
constexpr auto kLongestWait = 60s;  // the wall clock may be set
constexpr std::size_t kForgotten = 500;

}  // namespace

DurableCalls::DurableCalls(ports::CallStore& store, ports::Caller& caller, const ports::Clock& clock, Settings settings)
    : store_(store), caller_(caller), clock_(clock), settings_(std::move(settings)) {}

DurableCalls::~DurableCalls() {
  {
    const std::scoped_lock lock{mutex_};
    ending_ = true;
  }
  end_thread();
  std::unique_lock lock{mutex_};
  std::vector<std::string> running;
  for (const auto& [id, run] : running_) running.push_back(id);
  lock.unlock();
  for (const auto& id : running) caller_.stop(id);
  lock.lock();
  while (pending_ > 0) changed_.wait(lock);
}

void DurableCalls::stop() {
  end_thread();
  try {
    store_.flush();
  } catch (const domain::Error& error) {  // what could not be written runs once more
    tell(error.fault());
  }
}

void DurableCalls::end_thread() {
  {
    const std::scoped_lock lock{mutex_};
    thread_.request_stop();
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void DurableCalls::start(Others others) {
  others_live_ = others == Others::live;
  look_again();
  thread_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
}

void DurableCalls::others_ended() {
  {
    const std::scoped_lock lock{mutex_};
    others_live_ = false;
  }
  look_again();
}

void DurableCalls::look_again() {
  const auto queued = store_.queued();
  const std::scoped_lock lock{mutex_};
  for (const auto& [function, count] : queued) {
    auto& queue = *queues_.try_emplace(function).first;
    queue.second.calls.look_again();
    schedule(queue);
  }
}

void DurableCalls::submit(ports::NewCall call, ports::CallStore::Stored then) {
  {
    const std::scoped_lock lock{mutex_};
    ++pending_;
  }
  const auto function = call.function;
  const domain::CallTurn turn{.due = call.due, .id = call.id};
  store_.add(std::move(call), [this, function, turn, then = std::move(then)](const auto& answer) {
    const auto* id = std::get_if<std::string>(&answer);
    if (id && *id == turn.id) {
      const std::scoped_lock lock{mutex_};
      add(function, {.turn = turn});
    }
    then(answer);
    const std::scoped_lock lock{mutex_};
    --pending_;
    changed_.notify_all();
  });
}

// --- the thread that has calls run when they are due ---

void DurableCalls::work(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const auto now = clock_.wall_now();
    const auto due = take_due(now);
    const auto repeats = take_unwritten(now);
    lock.unlock();
    for (const auto& repeat : repeats) repeat();
    for (const auto& function : due) serve(function);
    if (now >= forget_at_) forget();
    lock.lock();
    if (due.empty()) wait(lock, stop);
  }
}

std::vector<FunctionName> DurableCalls::take_due(WallTime now) {
  std::vector<FunctionName> due;
  if (running_.size() >= settings_.at_once) return due;
  for (const auto& [at, function] : agenda_) {
    if (at > now) break;
    due.push_back(function);
  }
  return due;
}

std::vector<std::function<void()>> DurableCalls::take_unwritten(WallTime now) {
  if (now < repeat_at_) return {};
  return std::exchange(unwritten_, {});
}

void DurableCalls::wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto now = clock_.wall_now();
  auto until = std::min<WallTime>(now + kLongestWait, forget_at_);
  if (running_.size() < settings_.at_once && !agenda_.empty()) until = std::min(until, agenda_.begin()->first);
  if (!unwritten_.empty()) until = std::min(until, repeat_at_);
  if (until > now && !stop.stop_requested()) clock_.wait(lock, changed_, clock_.now() + (until - now));
}

// Has as many of the function's calls run as are due and may.
void DurableCalls::serve(const FunctionName& function) {
  const auto facts = settings_.find(function);
  for (int served = 0; served < kInARow; ++served) {
    std::unique_lock lock{mutex_};
    const auto found = queues_.find(function);
    if (found == queues_.end()) return;
    auto& queue = found->second;
    // Half of what the function can do is left to those who wait for their answers.
    queue.at_once =
        std::clamp((facts ? facts->capacity + 1 : settings_.at_once) / 2, 1u, std::max(settings_.at_once / 4, 1u));
    if (const auto from = queue.calls.wants()) {
      queue.calls.filling();
      lock.unlock();
      fill(function, *from);
      continue;
    }
    const auto now = clock_.wall_now();
    std::optional<domain::Waiting> call;
    if (running_.size() < settings_.at_once && now >= queue.paused_until) call = queue.calls.take(now, queue.at_once);
    schedule(*found);
    if (!call) return;
    running_[call->turn.id] = {.function = function,
                               .attempt = call->attempt,
                               .misses = call->misses,
                               .started = now,
                               .retry = facts ? facts->retry : domain::RetryPolicy{}};
    lock.unlock();
    begin(function, facts, *call);
  }
}

void DurableCalls::fill(const FunctionName& function, const domain::CallTurn& from) {
  std::optional<domain::Fault> fault;
  std::vector<domain::Waiting> page;
  try {
    page = store_.due(function, from, kPage, begun_too());
  } catch (const domain::Error& error) {
    fault = error.fault();
  }
  const bool last = !fault && page.size() < kPage;
  {
    const std::scoped_lock lock{mutex_};
    const auto found = queues_.find(function);
    if (fault) found->second.paused_until = clock_.wall_now() + kSoon;
    found->second.calls.fill(std::move(page), last);
    schedule(*found);
  }
  tell(fault);
}

void DurableCalls::begin(const FunctionName& function, const std::optional<Facts>& facts, const domain::Waiting& call) {
  const auto& id = call.turn.id;
  std::optional<ports::CallRecord> record;
  try {
    record = store_.get(id);
  } catch (const domain::Error& error) {
    {
      const std::scoped_lock lock{mutex_};
      end(function, id);
      add(function, call);
      queues_.at(function).paused_until = clock_.wall_now() + kSoon;
    }
    return tell(error.fault());
  }
  if (!record || record->summary.state != domain::CallState::queued) {
    const std::scoped_lock lock{mutex_};
    return end(function, id);
  }
  {
    const std::scoped_lock lock{mutex_};
    ++pending_;
  }
  if (!facts) {
    return attempted(id, {.outcome = {.fault = domain::Fault{.code = domain::Code::not_found,
                                                             .layer = domain::Layer::client,
                                                             .message = "there is no function " + to_string(function)}},
                          .answer = {}});
  }
  store_.begin(id, clock_.wall_now());
  caller_.start({.id = id,
                 .function = function,
                 .trigger = record->summary.trigger,
                 .attempt = call.attempt,
                 .head = std::move(record->head),
                 .body = std::move(record->body)},
                [this, id](ports::Attempted result) { attempted(id, std::move(result)); });
}

ports::CallStore::Begun DurableCalls::begun_too() {
  const std::scoped_lock lock{mutex_};
  return others_live_ ? ports::CallStore::Begun::not_those : ports::CallStore::Begun::too;
}

// --- what comes of it: any thread ---

void DurableCalls::attempted(const std::string& id, ports::Attempted result) {
  Running run;
  domain::Verdict verdict;
  {
    const std::scoped_lock lock{mutex_};
    run = running_.at(id);
    if (ending_) {
      --pending_;
      changed_.notify_all();
      return;
    }
    const double random = std::uniform_real_distribution<>{}(random_);
    verdict = domain::judge(run.retry, run.attempt, run.misses, result.outcome, clock_.wall_now(), random);
    ++counts_[run.function][static_cast<std::size_t>(domain::ending_of(verdict, result.outcome))];
  }
  settle(id, run, verdict, std::move(result));
}

void DurableCalls::settle(const std::string& id, const Running& run, const domain::Verdict& verdict,
                          ports::Attempted result) {
  const auto now = clock_.wall_now();
  const auto kept = std::make_shared<const ports::Attempted>(std::move(result));
  const auto repeat = [this, id, run, verdict, kept] {
    {
      const std::scoped_lock lock{mutex_};
      ++pending_;
    }
    settle(id, run, verdict, *kept);
  };
  domain::Attempt attempt{
      .number = run.attempt, .started = run.started, .ended = now, .status = kept->outcome.status, .reason = {}};
  if (const auto* retry = std::get_if<domain::Retry>(&verdict)) {
    attempt.reason = retry->reason;
    const domain::Waiting again{.turn = {.due = retry->due, .id = id},
                                .attempt = run.attempt + (retry->counts ? 1 : 0),
                                .misses = retry->counts ? 0 : run.misses + 1};
    store_.retry(id, std::move(attempt), retry->due, retry->counts,
                 [this, id, again, repeat](const auto& why_not) { settled(id, why_not, again, repeat); });
    return;
  }
  std::optional<domain::Attempt> failed;
  if (const auto* up = std::get_if<domain::GiveUp>(&verdict)) {
    attempt.reason = up->reason;
    failed = std::move(attempt);
  }
  store_.finish(id, failed ? domain::CallState::dead : domain::CallState::succeeded, now, std::move(failed),
                kept->answer, [this, id, repeat](const auto& why_not) { settled(id, why_not, std::nullopt, repeat); });
}

void DurableCalls::settled(const std::string& id, const std::optional<domain::Fault>& why_not,
                           std::optional<domain::Waiting> again, std::function<void()> repeat) {
  {
    const std::scoped_lock lock{mutex_};
    if (why_not) {
      // It counts as running meanwhile, so that a full disk lets no more calls run than it can keep the ends of.
      if (unwritten_.empty()) repeat_at_ = clock_.wall_now() + kSoon;
      unwritten_.push_back(std::move(repeat));
      changed_.notify_all();
    } else {
      const auto function = running_.at(id).function;
      end(function, id);
      if (again) {
        add(function, *again);
        auto& queue = *queues_.find(function);
        // What could not be asked now cannot be asked for another call either.
        if (again->misses > 0) queue.second.paused_until = std::max(queue.second.paused_until, again->turn.due);
        schedule(queue);
      }
    }
  }
  tell(why_not);
  const std::scoped_lock lock{mutex_};
  --pending_;
  changed_.notify_all();
}

void DurableCalls::forget() {
  const auto now = clock_.wall_now();
  std::optional<domain::Fault> fault;
  std::size_t forgotten = 0;
  try {
    forgotten = store_.forget(now - settings_.keep_ended, now - settings_.keep_dead, kForgotten);
  } catch (const domain::Error& error) {
    fault = error.fault();
  }
  {
    const std::scoped_lock lock{mutex_};
    forget_at_ = forgotten == kForgotten ? now : now + kLongestWait;
  }
  tell(fault);
}

void DurableCalls::tell(const std::optional<domain::Fault>& why_not) {
  {
    const std::scoped_lock lock{mutex_};
    if (std::exchange(failing_, why_not.has_value()) == why_not.has_value()) return;
  }
  if (settings_.report) settings_.report(why_not);
}

// --- with mutex_ held ---

void DurableCalls::add(const FunctionName& function, domain::Waiting call) {
  auto& queue = *queues_.try_emplace(function).first;
  queue.second.calls.add(std::move(call));
  schedule(queue);
}

void DurableCalls::end(const FunctionName& function, const std::string& id) {
  running_.erase(id);
  const auto found = queues_.find(function);
  found->second.calls.ended(id);
  schedule(*found);
  if (found->second.calls.empty()) queues_.erase(found);
  changed_.notify_all();
}

// Puts the queue to its place in the agenda, and the thread to work where that is first.
void DurableCalls::schedule(Queues::value_type& entry) {
  auto& [function, queue] = entry;
  auto at = queue.calls.wake_at(queue.at_once);
  if (queue.calls.wants()) at = WallTime{};
  if (at) at = std::max(*at, queue.paused_until);
  if (at == queue.agenda) return;
  if (queue.agenda) agenda_.erase({*queue.agenda, function});
  queue.agenda = at;
  if (!at) return;
  const auto placed = agenda_.emplace(*at, function).first;
  if (placed == agenda_.begin()) changed_.notify_all();
}

}  // namespace hearth::control
