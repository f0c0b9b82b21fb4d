// The right to one slot of one warm replica, for one call.
#pragma once

#include "domain/error.h"
#include "domain/function.h"
#include "domain/metering.h"
#include "domain/pool.h"
#include "domain/replica.h"
#include "domain/start_budget.h"
#include "domain/time.h"
#include "ports/engine.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hearth::control {

// What the gateway keeps with a slot between calls: its open connection. Owned by the slot, touched only by whoever
// holds the slot's lease; destroyed with the replica, from any thread.
class Connection {
 public:
  virtual ~Connection() = default;
};

// How a call ended, as far as its replica is concerned.
enum class Outcome : std::uint8_t {
  completed,  // an answer came, of whatever status; the slot is free
  cancelled,  // the client left
  timed_out,  // the deadline passed: at concurrency 1 the replica is given up
  broken,     // the connection or the protocol failed: the replica is given up if its engine says that it died, or
              // if it cannot be connected to again
};

// What a call's end counts as where nobody knows better.
constexpr domain::Ending ending_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::completed: return domain::Ending::succeeded;
    case Outcome::cancelled: return domain::Ending::left;
    case Outcome::timed_out: return domain::Ending::timed_out;
    case Outcome::broken: break;
  }
  return domain::Ending::died;
}

// Fixed for a replica's life, shared by its slots.
struct ReplicaInfo {
  domain::ReplicaId id = 0;
  domain::FunctionName function;
  std::uint64_t revision = 0;
  ports::Contract contract = ports::Contract::http;
  bool own_socket = false;  // our own bootstrap listens on its unix socket: kept connections never go stale
  ports::Running running;
};

// What a held call waited for; all zero on the warm path.
struct HoldTimes {
  std::chrono::microseconds held{0};  // in the queue, the rest included
  domain::Turn turn = {};             // of the start of the replica that was started for it
  std::chrono::microseconds cold{0};  // its create and start
  domain::StartedFrom from = domain::StartedFrom::untold;
  std::chrono::microseconds init{0};  // until it listened
  std::chrono::microseconds thaw{0};  // of the frozen replica that was thawed for it
};

// A replica's slots as its leases see them; lives as long as any of them.
struct ReplicaSlots {
  ReplicaInfo info;
  std::vector<std::unique_ptr<Connection>> connections;  // by slot
  std::shared_ptr<domain::ReplicaMeter> meter;           // under the function's lock only
};

class FunctionEntry;

// Move-only; gives its slot back and counts its call when it ends, as `completed` unless told otherwise. Any one thread
// at a time.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept : grip_(std::exchange(other.grip_, {})) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      finish(Outcome::completed);
      grip_ = std::exchange(other.grip_, {});
    }
    return *this;
  }
  ~Lease() { finish(Outcome::completed); }

  const ReplicaInfo& replica() const noexcept { return grip_.replica->info; }
  std::unique_ptr<Connection>& connection() const noexcept { return grip_.replica->connections[grip_.slot.index]; }
  const HoldTimes& times() const noexcept { return grip_.times; }
  const std::shared_ptr<FunctionEntry>& function() const noexcept { return grip_.function; }
  // Gives the slot back at once; the call has ended so. Harmless when it is given back already.
  void finish(Outcome outcome) noexcept { finish(outcome, ending_of(outcome)); }
  void finish(Outcome outcome, domain::Ending ending) noexcept { close(outcome, ending); }
  // The same, for a call that goes on to another replica.
  void try_another(Outcome outcome) noexcept { close(outcome, std::nullopt); }
  explicit operator bool() const noexcept { return grip_.function != nullptr; }

 private:
  friend class FunctionEntry;
  struct Grip {
    std::shared_ptr<FunctionEntry> function;
    std::shared_ptr<ReplicaSlots> replica;
    domain::Slot slot;
    std::uint32_t thread = 0;
    HoldTimes times;
    domain::Time since{};  // its grant
  };
  void close(Outcome outcome, std::optional<domain::Ending> ending) noexcept;
  explicit Lease(Grip grip) : grip_(std::move(grip)) {}

  Grip grip_;
};

// Hears of a held call. Called from any thread, with no lock held; must return soon (post to your own loop).
class Waiter {
 public:
  virtual void granted(Lease lease) noexcept = 0;
  virtual void refused(domain::Fault fault) noexcept = 0;

 protected:
  ~Waiter() = default;
};

struct Ticket {
  std::shared_ptr<FunctionEntry> function;
  std::uint64_t call = 0;
};

}  // namespace hearth::control
