// A machine that is not there: a trace's calls, each function's real Pool and Fleet, the real budgets for starts and
// memory, and an engine whose starts take a while. Time is simulated; what FunctionEntry and the dispatcher do with
// locks and threads around the same code is done here in order.
#pragma once

#include "domain/fleet.h"
#include "domain/memory_budget.h"
#include "domain/metering.h"
#include "domain/pool.h"
#include "domain/start_budget.h"
#include "sim/agenda.h"
#include "sim/policies.h"
#include "sim/tally.h"
#include "sim/trace.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace hearth::sim {

struct WorldSettings {
  domain::Duration start = std::chrono::milliseconds{250};  // of a replica, until it listens
  domain::Duration stop{0};                                 // until its memory is free
  std::uint32_t concurrency = 16;
  std::uint32_t max_replicas = 1'000;  // of one function
};

// Of a trace's functions, those from … to.
struct Range {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

class World {
 public:
  // What is passed outlives it; of `calls` it takes those of its own functions, which it numbers from 0.
  World(const Trace& trace, Calls& calls, Range functions, const Policy& policy, WorldSettings settings);
  void run(Tally& into);

 private:
  enum class Kind : std::uint8_t { ended, gone, ready, wake, arrival, make_room };
  struct Event {
    domain::Time at{};
    std::uint32_t function = 0;
    Kind kind = Kind::arrival;
    domain::Slot slot = {};  // of an end; its replica of what the engine reports
    bool operator>(const Event& other) const {
      if (at != other.at) return at > other.at;
      if (kind != other.kind) return kind > other.kind;
      return function > other.function;
    }
  };
  struct Alive {
    domain::ReplicaId id = 0;
    domain::ReplicaMeter meter;
  };
  struct Waiting {
    domain::CallId call = 0;
    domain::Duration took{};
  };
  struct Function {
    Function(const domain::FleetSettings& settings, domain::ReplicaIds& ids, Keeper keeper);
    domain::Pool pool;
    domain::Fleet fleet;
    Keeper keeper;
    domain::Usage usage;
    std::vector<Alive> alive = {};
    std::vector<Waiting> held = {};
    std::optional<domain::Time> tick = {};
    domain::Duration took{};  // of the next call
    domain::CallId last_call = 0;
    domain::Time first_call{};
    std::uint64_t calls = 0;
    std::uint64_t cold = 0;
  };
  class Ids final : public domain::ReplicaIds {
   public:
    domain::ReplicaId next() override { return ++last_; }

   private:
    domain::ReplicaId last_ = 0;
  };

  void expect_next(std::uint32_t function);
  void arrives(std::uint32_t function);
  void ended(std::uint32_t function, const domain::Slot& slot);
  void granted(std::uint32_t function, const domain::Grant& grant, domain::Duration took);
  void grant_held(std::uint32_t function, const domain::Grant& grant);
  void settle(std::uint32_t function);
  void apply(std::uint32_t function, const domain::FleetEffect& effect);
  void carry_out(std::uint32_t function, const domain::Order& order);
  void pump();
  bool fits(std::uint32_t function, domain::ReplicaId replica);
  void make_room();
  void gone(std::uint32_t function, domain::ReplicaId replica);
  domain::Bytes size_of(std::uint32_t function) const { return trace_.functions()[first_ + function]; }
  void count(Tally& into);

  const Trace& trace_;
  const Policy& policy_;
  const WorldSettings settings_;
  const bool foreseeing_;
  Calls& calls_;
  const std::uint32_t first_;
  Ids ids_;
  std::deque<Function> functions_;
  std::vector<domain::Time> next_call_;
  Agenda<Event> agenda_;
  domain::Time now_{};
  domain::FleetEffects effects_;
  domain::StartBudget<std::uint32_t> starts_;
  domain::MemoryBudget memory_;
  Evictor evictor_;
  bool short_of_memory_ = false;
  bool look_again_ = false;
  std::uint64_t started_ = 0;
  std::uint64_t evicted_ = 0;
  std::uint64_t violations_ = 0;
  Peaks peaks_;
};

// Functions that share no memory have nothing to do with each other: they are run a few at a time, so that what a call
// touches is in the processor's cache.
Outcome simulate(const Trace& trace, const Policy& policy, const WorldSettings& settings = {});

}  // namespace hearth::sim
