// The questions that the simulator answers, each a row of runs over one trace.
#pragma once

#include "sim/world.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hearth::sim {

struct Run {
  Policy policy;
  Outcome outcome;
};

// All of them, so many at once.
std::vector<Run> run_all(const Trace& trace, std::vector<Policy> policies, const WorldSettings& settings,
                         unsigned jobs);

// What keeping warm costs, and brings: each policy with as much memory as it likes.
std::vector<Policy> keep_alive_policies();
// Whom memory is taken from, where there is so much of it.
std::vector<Policy> eviction_policies(domain::Bytes memory);

// The oracle's cold ratio for the same idle memory, between its nearest runs; nothing where they do not reach there.
std::optional<double> oracle_at(const std::vector<Run>& runs, double idle_gb_seconds);

}  // namespace hearth::sim
