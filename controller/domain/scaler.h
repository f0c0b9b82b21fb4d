// How many replicas a function should have: a calculation over what its pools report. Pure.
#pragma once

#include "domain/time.h"

#include <cstdint>

namespace hearth::domain {

struct ScaleSettings {
  std::uint32_t concurrency = 16;  // calls at once in one replica
  std::uint32_t min = 0;
  std::uint32_t max = 10;
  std::uint32_t max_starting = 10;                     // at once; the burst that one function may cause
  Duration idle_timeout = std::chrono::minutes{5};     // a replica idle for this long is stopped
  Duration patience = std::chrono::milliseconds{100};  // how long calls are held for a slot before one more is started
};

struct Demand {
  std::uint32_t held = 0;       // calls that wait
  std::uint32_t held_long = 0;  // of them, those that waited for `patience`
  std::uint32_t ready = 0;      // replicas that serve
  std::uint32_t starting = 0;
};

// Replicas wanted now, ready and starting ones counted; never fewer than there are (idle ones are stopped one by one,
// by their own idle time). From zero every held call counts at once; beside replicas that serve, only those that lost
// their patience: most calls end long before a replica could have started.
constexpr std::uint32_t wanted_replicas(const Demand& demand, const ScaleSettings& settings) {
  const auto there = demand.ready + demand.starting;
  const auto waiting = demand.ready == 0 ? demand.held : demand.held_long;
  const auto coming = demand.starting * settings.concurrency;
  const auto over = waiting > coming ? waiting - coming : 0;
  const auto more = (over + settings.concurrency - 1) / settings.concurrency;
  auto wanted = there + more;
  if (wanted > settings.max) wanted = settings.max;
  if (wanted < settings.min) wanted = settings.min;
  return wanted < there ? there : wanted;
}

// Of those wanted, how many to start now.
constexpr std::uint32_t starts_now(const Demand& demand, const ScaleSettings& settings) {
  const auto missing = wanted_replicas(demand, settings) - demand.ready - demand.starting;
  const auto allowed = settings.max_starting > demand.starting ? settings.max_starting - demand.starting : 0;
  return missing < allowed ? missing : allowed;
}

}  // namespace hearth::domain
