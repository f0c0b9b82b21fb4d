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

struct Outcome {
  std::uint64_t calls = 0;
  std::uint64_t cold = 0;  // calls that waited for a start
  std::uint64_t starts = 0;
  std::uint64_t evicted = 0;
  std::uint64_t unserved = 0;  // still held at the end
  double idle_gb_seconds = 0;  // replicas' memory × the time that they idled: what keeping warm costs
  double busy_gb_seconds = 0;
  double most_gb = 0;                 // of all replicas at once
  double cold_of_three_quarters = 0;  // the cold ratio that 75 % of the functions stay at or below, as in the paper
  std::uint64_t violations = 0;       // busy replicas chosen to go, or more memory than there is; never
  double cpu_seconds = 0;             // that the run took

  double cold_ratio() const { return calls == 0 ? 0 : static_cast<double>(cold) / static_cast<double>(calls); }
};

class World {
 public:
  World(const Trace& trace, const Policy& policy, WorldSettings settings);
  Outcome run();

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
  domain::Bytes size_of(std::uint32_t function) const { return trace_.functions()[function]; }
  Outcome outcome();

  const Trace& trace_;
  const Policy& policy_;
  const WorldSettings settings_;
  const bool foreseeing_;
  std::unique_ptr<Calls> calls_;
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
  std::uint64_t most_bytes_ = 0;
};

Outcome simulate(const Trace& trace, const Policy& policy, const WorldSettings& settings = {});

}  // namespace hearth::sim
