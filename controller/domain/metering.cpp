#include "domain/metering.h"

#include <chrono>

namespace hearth::domain {

void ReplicaMeter::settle(Usage& into, Time now) {
  turn(state_, now);
  const std::array<MemoryTime*, 4> buckets{&into.initializing, &into.busy, &into.idle, &into.frozen};
  for (std::size_t i = 0; i < spent_.size(); ++i) {
    const auto whole = std::chrono::floor<std::chrono::milliseconds>(spent_[i]);
    buckets[i]->kib_ms += kib_ * static_cast<std::uint64_t>(whole.count());
    spent_[i] -= whole;
  }
}

std::shared_ptr<ReplicaMeter> FunctionMeter::add(ReplicaId replica, Bytes memory, ReplicaMeter::State state, Time now) {
  auto meter = std::make_shared<ReplicaMeter>(memory, state, now);
  replicas_.insert_or_assign(replica, meter);
  return meter;
}

std::shared_ptr<ReplicaMeter> FunctionMeter::find(ReplicaId replica) const {
  const auto found = replicas_.find(replica);
  return found == replicas_.end() ? nullptr : found->second;
}

void FunctionMeter::remove(ReplicaId replica, Time now) {
  const auto found = replicas_.find(replica);
  if (found == replicas_.end()) return;
  found->second->settle(usage_, now);
  found->second->gone(now);
  replicas_.erase(found);
}

void FunctionMeter::start_succeeded(Duration create, Duration init) {
  ++usage_.cold_starts;
  durations_.create.observe(create);
  durations_.init.observe(init);
}

const Usage& FunctionMeter::usage(Time now) {
  for (auto& [replica, meter] : replicas_) meter->settle(usage_, now);
  return usage_;
}

Usage FunctionMeter::take(Time now) {
  const auto since = usage(now) - taken_;
  taken_ = usage_;
  return since;
}

}  // namespace hearth::domain
