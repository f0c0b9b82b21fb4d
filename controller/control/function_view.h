// What a user may see of a function's life.
#pragma once

#include "domain/error.h"
#include "domain/keep_alive.h"
#include "domain/replica.h"
#include "domain/time.h"
#include "domain/usage.h"
#include "ports/engine.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hearth::control {

struct ReplicaView {
  domain::ReplicaId id = 0;
  std::uint64_t revision = 0;
  domain::Phase phase = domain::Phase::cold;
  bool draining = false;
  bool stopping = false;
  std::uint32_t in_flight = 0;
  domain::WallTime since{};  // when it came into this phase
  std::string awake = {};    // what keeps one that idles from being frozen
  std::optional<ports::TcpAddress> debugger = {};
};

// What becomes of its last replica while nobody calls it.
struct KeepView {
  domain::KeepPlan::Why why = domain::KeepPlan::Why::fixed;
  std::chrono::milliseconds keep{0};  // idle for so long, it goes
  struct Window {
    domain::WallTime from{};
    domain::WallTime to{};
  };
  std::optional<Window> again = {};  // then one is there again, made before it is asked for
};

struct FunctionView {
  domain::State state = domain::State::cold;  // the liveliest of its replicas'; error while it backs off
  std::uint32_t held = 0;
  // Why starts of the active revision fail, while they do; else what its last replica to die died of.
  std::optional<domain::Fault> last_failure;
  std::vector<ReplicaView> replicas;
  std::optional<KeepView> keep;  // nothing before a first revision serves
  domain::Usage usage;           // since this hearthd started
};

}  // namespace hearth::control
