// The greedy-dual of FaasCache (Fuerst and Sharma, ASPLOS 2021), to stand beside hearthd's own. A replica is worth
// clock + calls × cost of a start / size, the clock as it stood at its last call; those worth least go first, and the
// clock moves on to what the last of them was worth, so that what is not called any more ages. Unlike there a
// function's calls are not forgotten when its last replica goes: fewer are cold so.
#pragma once

#include "domain/eviction.h"

#include <deque>
#include <vector>

namespace hearth::sim {

class GreedyDual {
 public:
  // Whom to stop so that at least `missing` comes free, or all there are; in the order in which they are to go.
  std::vector<domain::IdleReplica> evict(std::vector<domain::IdleReplica> idle, domain::Bytes missing,
                                         domain::Time now);

  double worth(const domain::IdleReplica& replica) const;
  // As it stood then; what is older than any idle replica that was seen last is forgotten.
  double clock_at(domain::Time time) const;

 private:
  struct Mark {
    domain::Time since{};
    double clock = 0;
  };
  void advance(double clock, domain::Time now);

  std::deque<Mark> marks_;  // ascending
};

}  // namespace hearth::sim
