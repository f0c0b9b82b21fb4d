// Orders of one replica run one after the other, in the order they were decided, whatever order they arrive in; those
// of different replicas run side by side. Pure; its owner guards it.
#pragma once

#include "domain/fleet.h"

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

namespace hearth::domain {

class Lanes {
 public:
  // The order to run now, or nothing: it runs when those before it are finished.
  std::optional<Order> push(const Order& order) {
    auto& lane = lanes_[order.replica];
    lane.waiting.emplace(order.epoch, order);
    return lane.running ? std::nullopt : advance(lane);
  }

  // The running order of `replica` ended: the next one to run. After a stop there is none, and the lane is forgotten.
  std::optional<Order> finished(ReplicaId replica) {
    const auto found = lanes_.find(replica);
    if (found == lanes_.end()) return std::nullopt;
    auto& lane = found->second;
    lane.running = false;
    if (lane.last == Act::stop && lane.waiting.empty()) {
      lanes_.erase(found);
      return std::nullopt;
    }
    return advance(lane);
  }

  // Whether a stop comes after what runs now.
  bool stop_waits(ReplicaId replica) const {
    const auto found = lanes_.find(replica);
    if (found == lanes_.end()) return false;
    for (const auto& [epoch, order] : found->second.waiting) {
      if (order.act == Act::stop) return true;
    }
    return false;
  }

  std::size_t size() const { return lanes_.size(); }

 private:
  struct Lane {
    std::uint32_t next_epoch = 1;
    bool running = false;
    Act last = Act::start;
    std::map<std::uint32_t, Order> waiting = {};
  };

  static std::optional<Order> advance(Lane& lane) {
    const auto next = lane.waiting.find(lane.next_epoch);
    if (next == lane.waiting.end()) return std::nullopt;
    const auto order = next->second;
    lane.waiting.erase(next);
    ++lane.next_epoch;
    lane.running = true;
    lane.last = order.act;
    return order;
  }

  std::unordered_map<ReplicaId, Lane> lanes_;
};

}  // namespace hearth::domain
