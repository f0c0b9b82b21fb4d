// Starts in flight, of all functions together: at most so many, and each function in its turn. Pure; its owner guards
// it.
#pragma once

#include "domain/replica.h"
#include "domain/time.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace hearth::domain {

// What a start waited for before it began.
struct Turn {
  Duration waited{0};
  bool for_memory = false;  // of all replicas together; else for starts in flight to end
};

template <class Key>
class StartBudget {
 public:
  explicit StartBudget(std::uint32_t most) : most_(most) {}

  void want(const Key& key, ReplicaId replica) {
    for (auto& [owner, waiting] : queue_) {
      if (owner == key) return waiting.push_back(replica);
    }
    queue_.push_back({key, {replica}});
  }

  // The next one that may start now; done() must follow. Whoever is first in line waits until it fits, and nobody
  // passes: what comes free is for the one that waits longest.
  std::optional<std::pair<Key, ReplicaId>> take() {
    return take([](const Key&, ReplicaId) { return true; });
  }
  template <class Fits>
  std::optional<std::pair<Key, ReplicaId>> take(Fits&& fits) {
    if (queue_.empty() || in_flight_ >= most_) return std::nullopt;
    if (!fits(queue_.front().first, queue_.front().second.front())) return std::nullopt;
    auto [key, waiting] = std::move(queue_.front());
    queue_.pop_front();
    const auto replica = waiting.front();
    waiting.pop_front();
    if (!waiting.empty()) queue_.push_back({key, std::move(waiting)});
    ++in_flight_;
    return std::pair{key, replica};
  }
  void done() { --in_flight_; }

  // It is not wanted any more. False: it is not waiting.
  bool drop(const Key& key, ReplicaId replica) {
    for (auto turn = queue_.begin(); turn != queue_.end(); ++turn) {
      if (turn->first != key) continue;
      if (std::erase(turn->second, replica) == 0) return false;
      if (turn->second.empty()) queue_.erase(turn);
      return true;
    }
    return false;
  }

  std::uint32_t in_flight() const { return in_flight_; }
  bool waits() const { return !queue_.empty(); }

 private:
  std::uint32_t most_;
  std::uint32_t in_flight_ = 0;
  std::deque<std::pair<Key, std::deque<ReplicaId>>> queue_;
};

}  // namespace hearth::domain
