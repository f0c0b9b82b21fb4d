// Whose idle replicas go when memory is short: those whose memory saves the least. A replica is worth what a start
// costs, times how often its function is likely to be called, by its size. How often is the lower of two: as it was
// called since it is known (hyperbolic caching: Blankstein, Sen and Freedman, ATC 2017), and once in the time that the
// replica idles by now, so that what is not called any more ages. The simulator says that fewer calls are cold so than
// by greedy-dual (FaasCache, ASPLOS 2021), which stands beside it there. Decides over a snapshot; pure.
#pragma once

#include "domain/function.h"
#include "domain/replica.h"
#include "domain/time.h"

#include <cstdint>
#include <vector>

namespace hearth::domain {

// An idle replica that its function could do without.
struct IdleReplica {
  std::uint32_t function = 0;  // whose; the caller's own number
  ReplicaId replica = 0;
  Bytes size{};
  Duration start{};         // how long it took to start
  std::uint64_t calls = 0;  // of its function
  Time first_call{};        // and since when they are counted
  Time idle_since{};
  bool operator==(const IdleReplica&) const = default;
};

// Milliseconds of starting that a second of a MiB is likely to save.
double worth(const IdleReplica& replica, Time now);

// Whom to stop so that at least `missing` comes free, or all there are; in the order in which they are to go.
std::vector<IdleReplica> worth_least(std::vector<IdleReplica> idle, Bytes missing, Time now);

}  // namespace hearth::domain
