// Orders of one replica run one after the other, those of different replicas side by side. Pure; its owner guards it.
#pragma once

#include "domain/fleet.h"

#include <deque>
#include <optional>
#include <unordered_map>

namespace hearth::domain {

class Lanes {
 public:
  // The order to run now, or nothing: it runs when those before it are finished.
  std::optional<Order> push(const Order& order) {
    const auto [lane, idle] = lanes_.try_emplace(order.replica);
    if (idle) return order;
    lane->second.push_back(order);
    return std::nullopt;
  }

  // The running order of `replica` ended: the next one to run.
  std::optional<Order> finished(ReplicaId replica) {
    const auto lane = lanes_.find(replica);
    if (lane == lanes_.end()) return std::nullopt;
    if (lane->second.empty()) {
      lanes_.erase(lane);
      return std::nullopt;
    }
    const auto order = lane->second.front();
    lane->second.pop_front();
    return order;
  }

  bool busy(ReplicaId replica) const { return lanes_.contains(replica); }
  std::size_t size() const { return lanes_.size(); }

 private:
  std::unordered_map<ReplicaId, std::deque<Order>> lanes_;  // those that wait behind the one that runs
};

}  // namespace hearth::domain
