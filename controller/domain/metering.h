// What a function's replicas take and what its calls come to, as it happens. Memory limit × the union of a replica's
// busy intervals is what calls cost; the rest of a replica's life is told apart. Decides nothing, holds no clock; not
// thread-safe: its owner guards it. A call's begin and end allocate nothing.
#pragma once

#include "domain/histogram.h"
#include "domain/replica.h"
#include "domain/usage.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>

namespace hearth::domain {

// One replica, from its create until it is gone. Told of what happens in order of time.
class ReplicaMeter {
 public:
  enum class State : std::uint8_t { initializing, busy, idle, frozen, gone };

  ReplicaMeter(Bytes memory, State state, Time now) : kib_((memory.count + 1023) / 1024), state_(state), since_(now) {}

  void ready(Time now) { turn(State::idle, now); }
  void call_began(Time now) {
    if (calls_++ == 0) turn(State::busy, now);
  }
  void call_ended(Time now) {
    if (--calls_ == 0) turn(State::idle, now);
  }
  // Whether it is frozen, as often as one likes to say so.
  void frozen(bool is, Time now) {
    if (is && state_ == State::idle) turn(State::frozen, now);
    if (!is && state_ == State::frozen) turn(State::idle, now);
  }
  // It holds no memory any more; calls on it may still end.
  void gone(Time now) { turn(State::gone, now); }

  // Adds what was spent since the last time, in whole milliseconds; what is left of one is carried on.
  void settle(Usage& into, Time now);
  State state() const { return state_; }

 private:
  void turn(State to, Time now) {
    if (state_ == State::gone) return;
    spent_[static_cast<std::size_t>(state_)] += now - since_;
    since_ = now;
    state_ = to;
  }

  std::uint64_t kib_;
  State state_;
  std::uint32_t calls_ = 0;
  Time since_;
  std::array<Duration, 4> spent_{};  // by State, not yet settled
};

// How long calls and starts of a function took.
struct Durations {
  Histogram exec;    // of a call: from its grant until its answer was passed on
  Histogram held;    // of a call that found no free slot, until its grant
  Histogram create;  // of a cold start: create and start
  Histogram init;    // and from there until it listened
};

class FunctionMeter {
 public:
  // Shared with whoever tells it of the replica's calls.
  std::shared_ptr<ReplicaMeter> add(ReplicaId replica, Bytes memory, ReplicaMeter::State state, Time now);
  std::shared_ptr<ReplicaMeter> find(ReplicaId replica) const;  // null where it is not known
  void remove(ReplicaId replica, Time now);                     // one that is not known is gone already

  void call_ended(Ending ending) { ++usage_.of(ending); }
  void call_ran(Duration exec, Duration held) {
    durations_.exec.observe(exec);
    if (held > Duration{0}) durations_.held.observe(held);
  }
  void start_succeeded(Duration create, Duration init);
  void start_failed() { ++usage_.failed_starts; }

  // All there was up to `now`, what still runs included.
  const Usage& usage(Time now);
  // The same, but only what came since it was last taken.
  Usage take(Time now);
  const Durations& durations() const { return durations_; }

 private:
  std::map<ReplicaId, std::shared_ptr<ReplicaMeter>> replicas_;
  Usage usage_;
  Usage taken_;
  Durations durations_;
};

// A function as whoever watches it sees it.
struct FunctionStats {
  FunctionName function;
  Usage usage;  // since this hearthd started
  Durations durations;
  std::uint32_t in_flight = 0;
  std::uint32_t held = 0;
  std::array<std::uint32_t, 5> replicas{};  // by domain::State
};

}  // namespace hearth::domain
