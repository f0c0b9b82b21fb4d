// The calls of one function at one gateway: who is granted a slot, who is held, who is refused. Decides, never acts.
// It is lent slots of replicas by the function's Fleet, and gives them back when asked. Not thread-safe: its owner
// guards it. The warm path (a call that finds a free slot, and its end) allocates nothing.
#pragma once

#include "domain/replica.h"
#include "domain/time.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace hearth::domain {

using CallId = std::uint64_t;

// One of a replica's places for a call.
struct Slot {
  ReplicaId replica = 0;
  std::uint32_t index = 0;  // 0 … concurrency - 1
  std::uint32_t place = 0;  // the pool's own
  bool operator==(const Slot&) const = default;
};

struct Grant {
  CallId call = 0;
  Slot slot;
  std::uint32_t thread = 0;  // the caller's
  Duration held{0};
};

enum class Refusal : std::uint8_t {
  queue_full,    // as many calls are held as may be
  deadline,      // held until its deadline
  cannot_start,  // starts fail, and the fleet waits before it tries again
  engine_away,
  removed,
};

struct Held {};

// What a fleet needs to know of a pool.
struct PoolReport {
  struct Replica {
    ReplicaId id = 0;
    std::uint32_t in_flight = 0;
    Time idle_since{};  // when its last call ended; long ago where none has since it was lent
    Time lent_since{};
  };
  std::uint32_t held = 0;
  std::uint32_t held_long = 0;      // of them, those that waited for `patience`
  std::optional<Time> next_long{};  // when one more will have
  std::uint32_t in_flight = 0;
  std::uint32_t free = 0;  // slots that a call would be granted
  std::vector<Replica> replicas = {};
};

class Pool {
 public:
  // `max_held`: calls that may wait; `threads`: of the gateway, each with a favourite among the free slots. Wherever
  // a thread is named, it is by a number below that.
  Pool(std::uint32_t max_held, std::uint32_t threads) : max_held_(max_held), free_(threads + 1) {}

  std::variant<Grant, Held, Refusal> call_arrived(CallId call, Time deadline, std::uint32_t thread, Time now);

  struct Ended {
    std::optional<Grant> next;            // the slot went on to a held call
    std::optional<ReplicaId> given_back;  // the last call of a replica that was asked for
  };
  Ended call_ended(const Slot& slot, std::uint32_t thread, Time now);

  // A held call left. False: it is not held (any more).
  bool cancel(CallId call);
  // Held calls whose deadline has come, taken out.
  std::vector<CallId> expire(Time now);
  // All held calls, taken out.
  std::vector<CallId> refuse_all();

  // The fleet lends slots `first` … `first + count - 1` of a replica that is ready.
  std::vector<Grant> lend(ReplicaId replica, std::uint32_t first, std::uint32_t count, Time now);
  // The fleet wants a replica's slots back. True: they are, now. Else call_ended says when, or has said it already.
  bool reclaim(ReplicaId replica);
  // The fleet does without what it asked back, and the replica takes calls again. Nothing where it was given back
  // already.
  std::vector<Grant> recall(ReplicaId replica, Time now);
  // The replica is no more: its slots are gone; calls on it may still end.
  void lost(ReplicaId replica);

  PoolReport report(Duration patience, Time now) const;
  // When expire() next has something to do.
  std::optional<Time> wake_at() const;
  std::uint32_t held() const { return static_cast<std::uint32_t>(held_.size()); }
  std::uint32_t in_flight() const { return in_flight_; }

 private:
  struct Waiting {
    CallId call;
    Time since;
    Time deadline;
    std::uint32_t thread;
  };
  struct Lent {
    ReplicaId replica = 0;
    std::uint32_t in_flight = 0;
    bool reclaimed = false;
    bool live = false;
    Time idle_since{};
    Time since{};
    std::vector<Slot> parked = {};  // of a reclaimed one, those that no call uses
  };

  using Line = std::deque<Waiting>;

  Lent* find(ReplicaId replica);
  Line::iterator first_in_line(Time now);
  Waiting take(const Line::iterator& held);
  std::optional<Waiting> take_held(Time now);
  std::optional<Waiting> take_held(Time now, std::uint32_t thread);
  std::optional<Slot> take_free(std::uint32_t thread);
  void park_free(Lent& lent);
  std::vector<Grant> offer(std::span<const Slot> slots, Time now);
  Grant give(const Waiting& call, const Slot& slot, Time now);

  std::uint32_t max_held_;
  std::uint32_t in_flight_ = 0;
  Line held_;
  std::vector<Lent> lent_;               // by place; dead places are used again
  std::vector<std::vector<Slot>> free_;  // by the thread that used them last; the last one: used by none yet
};

}  // namespace hearth::domain
