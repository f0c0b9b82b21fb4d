// What people ask of durable calls: to end one, to have dead ones run again, how they stand.
#include "control/durable_calls.h"
#include "domain/error.h"

#include <map>
#include <utility>

namespace hearth::control {

using domain::FunctionName;
using namespace std::chrono_literals;

bool DurableCalls::cancel(const std::string& id) {
  const auto record = store_.get(id);
  if (!record || !store_.cancel(id, clock_.wall_now())) return false;
  bool runs = false;
  {
    const std::scoped_lock lock{mutex_};
    runs = running_.contains(id);
    const auto found = queues_.find(record->summary.function);
    // Where it stands otherwise by now, its turn finds it cancelled.
    if (found != queues_.end() && found->second.calls.remove({.due = record->summary.due, .id = id})) schedule(*found);
  }
  if (runs) caller_.stop(id);
  return true;
}

bool DurableCalls::redrive(const std::string& id) {
  const auto record = store_.get(id);
  if (!record) return false;
  {
    const std::scoped_lock lock{mutex_};
    if (running_.contains(id) && record->summary.state == domain::CallState::cancelled) {
      throw domain::Error({.code = domain::Code::conflict,
                           .layer = domain::Layer::gateway,
                           .message = "the call " + id + " was cancelled just now, and its attempt is yet to end",
                           .hint = "try again in a moment",
                           .retry_after = 1s});
    }
  }
  const auto turns = store_.redrive({id}, clock_.wall_now());
  if (turns.empty()) return false;
  const std::scoped_lock lock{mutex_};
  add(record->summary.function, {.turn = turns.front()});
  return true;
}

DurableCalls::Redriven DurableCalls::redrive(const ports::CallStore::Filter& filter, const std::string& before,
                                             std::size_t limit) {
  const auto page = store_.list(filter, before, limit);
  std::map<std::string, FunctionName> functions;
  std::vector<std::string> ids;
  {
    const std::scoped_lock lock{mutex_};
    for (const auto& call : page) {
      if (call.state == domain::CallState::cancelled && running_.contains(call.id)) continue;
      functions[call.id] = call.function;
      ids.push_back(call.id);
    }
  }
  const auto turns = store_.redrive(ids, clock_.wall_now());
  const std::scoped_lock lock{mutex_};
  for (const auto& turn : turns) add(functions.at(turn.id), {.turn = turn});
  return {.count = turns.size(), .next = page.size() < limit ? std::string{} : page.back().id};
}

DurableCalls::Stats DurableCalls::stats() {
  const auto queued = store_.queued();
  std::map<FunctionName, domain::DurableCallStats> functions;
  for (const auto& [function, count] : queued) functions[function].queued = count;
  {
    const std::scoped_lock lock{mutex_};
    for (const auto& [function, queue] : queues_) {
      auto& stats = functions[function];
      stats.running = queue.calls.running();
      stats.first_due = queue.calls.first_due();
    }
    for (const auto& [function, counts] : counts_) functions[function].attempts = counts;
  }
  Stats all{.functions = {}, .writes = store_.counts()};
  for (auto& [function, stats] : functions) {
    stats.function = function;
    all.functions.push_back(std::move(stats));
  }
  return all;
}

}  // namespace hearth::control
