// Whose start has its turn: within a number in flight and a memory that all functions share. Pure; its owner guards it.
#pragma once

#include "domain/memory_budget.h"
#include "domain/start_budget.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

namespace hearth::domain {

template <class Key>
class StartTurns {
 public:
  StartTurns(std::uint32_t most, Bytes memory) : budget_(most), memory_(memory) {}

  void want(const Key& key, ReplicaId replica, Bytes size) {
    budget_.want(key, replica);
    waiting_.emplace(replica, size);
    wanted_.count += size.count;
  }
  // It is not wanted any more. False: it does not wait.
  bool drop(const Key& key, ReplicaId replica) {
    if (!budget_.drop(key, replica)) return false;
    waits_no_more(replica);
    return true;
  }
  // The next one that may start now, with its memory; done() must follow. What would never fit has its turn at once, to
  // be told so.
  std::optional<std::pair<Key, ReplicaId>> take() {
    short_of_memory_ = false;
    const auto next = budget_.take([this](const Key&, ReplicaId replica) {
      const auto size = waiting_.at(replica);
      const bool fits = size > memory_.total() || memory_.take(replica, size);
      short_of_memory_ = !fits;
      return fits;
    });
    if (next) waits_no_more(next->second);
    return next;
  }
  void done() { budget_.done(); }

  // A replica that lives already; one whose stop is ordered; and one that is gone.
  void holds(ReplicaId replica, Bytes size) { memory_.add(replica, size); }
  void leaves(ReplicaId replica) { memory_.leaves(replica); }
  void gone(ReplicaId replica) { memory_.give_back(replica); }

  // Whether the last take() found memory to be all that is missing.
  bool short_of_memory() const { return short_of_memory_; }
  // How much has to come free by itself or by force so that all that wait may start at once: they need not wait for
  // each other's room.
  Bytes missing() const { return memory_.missing(wanted_); }

 private:
  void waits_no_more(ReplicaId replica) {
    const auto found = waiting_.find(replica);
    wanted_.count -= found->second.count;
    waiting_.erase(found);
  }

  StartBudget<Key> budget_;
  MemoryBudget memory_;
  std::unordered_map<ReplicaId, Bytes> waiting_;
  Bytes wanted_{};  // by all of them
  bool short_of_memory_ = false;
};

}  // namespace hearth::domain
