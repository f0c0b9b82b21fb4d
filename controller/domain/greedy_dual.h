// Whose idle replicas go when memory is short: the greedy-dual of FaasCache (Fuerst and Sharma, ASPLOS 2021). A
// replica is worth clock + calls × cost of a start / size, the clock as it stood at its last call; those worth least go
// first, and the clock moves on to what the last of them was worth, so that what is not called any more ages. Unlike
// there a function's calls are not forgotten when its last replica goes: the simulator says that fewer are cold so.
// Decides over a snapshot. Pure; its owner guards it.
#pragma once

#include "domain/function.h"
#include "domain/replica.h"
#include "domain/time.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace hearth::domain {

// An idle replica that its function could do without.
struct IdleReplica {
  std::uint32_t function = 0;  // whose; the caller's own number
  ReplicaId replica = 0;
  Bytes size{};
  Duration start{};         // how long it took to start
  std::uint64_t calls = 0;  // of its function
  Time idle_since{};
  bool operator==(const IdleReplica&) const = default;
};

class GreedyDual {
 public:
  // Whom to stop so that at least `missing` comes free, or all there are; in the order in which they are to go.
  std::vector<IdleReplica> evict(std::vector<IdleReplica> idle, Bytes missing, Time now);

  double worth(const IdleReplica& replica) const;
  // As it stood then; what is older than any idle replica that was seen last is forgotten.
  double clock_at(Time time) const;

 private:
  struct Mark {
    Time since{};
    double clock = 0;
  };
  void advance(double clock, Time now);

  std::deque<Mark> marks_;  // ascending
};

}  // namespace hearth::domain
