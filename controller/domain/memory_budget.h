// How much memory the replicas of all functions may have together, and who has it: each its limit, from the moment that
// its start may begin until its stop is confirmed. Pure; its owner guards it.
#pragma once

#include "domain/function.h"
#include "domain/replica.h"

#include <unordered_map>

namespace hearth::domain {

class MemoryBudget {
 public:
  explicit MemoryBudget(Bytes total) : total_(total) {}

  // False: there is not so much left.
  bool take(ReplicaId replica, Bytes size) {
    if (size.count > free().count) return false;
    add(replica, size);
    return true;
  }
  // It lives already, whether there is room or not.
  void add(ReplicaId replica, Bytes size) {
    if (!held_.try_emplace(replica, Held{size, false}).second) return;
    used_.count += size.count;
  }
  // Its stop is ordered: what it has comes free by itself.
  void leaves(ReplicaId replica) {
    const auto found = held_.find(replica);
    if (found == held_.end() || found->second.leaving) return;
    found->second.leaving = true;
    leaving_.count += found->second.size.count;
  }
  // It is gone; one that has nothing is gone already.
  void give_back(ReplicaId replica) {
    const auto found = held_.find(replica);
    if (found == held_.end()) return;
    used_.count -= found->second.size.count;
    if (found->second.leaving) leaving_.count -= found->second.size.count;
    held_.erase(found);
  }

  // What has to be stopped so that `size` will be there.
  Bytes missing(Bytes size) const {
    const auto wanted = used_.count - leaving_.count + size.count;
    return {wanted > total_.count ? wanted - total_.count : 0};
  }
  Bytes free() const { return {used_.count < total_.count ? total_.count - used_.count : 0}; }
  Bytes used() const { return used_; }
  Bytes total() const { return total_; }

 private:
  struct Held {
    Bytes size;
    bool leaving = false;
  };

  Bytes total_;
  Bytes used_{};
  Bytes leaving_{};
  std::unordered_map<ReplicaId, Held> held_;
};

}  // namespace hearth::domain
