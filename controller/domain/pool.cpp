#include "domain/pool.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace hearth::domain {
namespace {

// A held call may go before one that came so much earlier, where that one's thread would have to be woken for the slot
// and its connection moved there: more work than a quick function's whole call.
constexpr std::chrono::milliseconds kAhead{1};

}  // namespace

std::variant<Grant, Held, Refusal> Pool::call_arrived(CallId call, Time deadline, std::uint32_t thread, Time now) {
  if (deadline <= now) return Refusal::deadline;
  assert(thread + 1 < free_.size());
  const Waiting arrived{call, now, deadline, thread};
  if (const auto slot = take_free(thread)) return give(arrived, *slot, now);
  if (held_.size() >= max_held_) return Refusal::queue_full;
  held_.push_back(arrived);
  return Held{};
}

Pool::Ended Pool::call_ended(const Slot& slot, std::uint32_t thread, Time now) {
  assert(thread + 1 < free_.size());
  --in_flight_;
  auto& lent = lent_[slot.place];
  assert(lent.replica == slot.replica && lent.in_flight > 0);
  --lent.in_flight;
  lent.idle_since = now;
  if (!lent.live) return {};  // lost meanwhile; its place is free once its last call has ended
  if (lent.reclaimed) {
    lent.parked.push_back(slot);
    if (lent.in_flight > 0) return {};
    lent.live = false;
    return {.next = {}, .given_back = slot.replica};
  }
  const auto next = take_held(now, thread);
  if (next) return {.next = give(*next, slot, now), .given_back = {}};
  free_[thread].push_back(slot);
  return {};
}

bool Pool::cancel(CallId call) {
  const auto found = std::ranges::find(held_, call, &Waiting::call);
  if (found == held_.end()) return false;
  held_.erase(found);
  return true;
}

std::vector<CallId> Pool::expire(Time now) {
  std::vector<CallId> expired;
  std::erase_if(held_, [&](const Waiting& waiting) {
    if (waiting.deadline > now) return false;
    expired.push_back(waiting.call);
    return true;
  });
  return expired;
}

std::vector<CallId> Pool::refuse_all() {
  std::vector<CallId> refused;
  for (const auto& waiting : held_) refused.push_back(waiting.call);
  held_.clear();
  return refused;
}

std::vector<Grant> Pool::lend(ReplicaId replica, std::uint32_t first, std::uint32_t count, Time now) {
  auto* lent = find(replica);
  if (lent == nullptr) {
    const auto dead = std::ranges::find_if(lent_, [](const Lent& one) { return !one.live && one.in_flight == 0; });
    lent = dead != lent_.end() ? &*dead : &lent_.emplace_back();
  }
  assert(!lent->reclaimed || !lent->live);
  *lent = {.replica = replica, .in_flight = 0, .reclaimed = false, .live = true, .since = now};
  const auto place = static_cast<std::uint32_t>(lent - lent_.data());
  std::vector<Slot> slots;
  // In reverse, so that the first slots are taken first and a second gateway's last.
  for (auto index = first + count; index-- > first;) slots.push_back({replica, index, place});
  return offer(slots, now);
}

std::vector<Grant> Pool::offer(std::span<const Slot> slots, Time now) {
  std::vector<Grant> grants;
  for (const auto& slot : slots) {
    if (const auto next = take_held(now)) {
      grants.push_back(give(*next, slot, now));
    } else {
      free_.back().push_back(slot);
    }
  }
  return grants;
}

bool Pool::reclaim(ReplicaId replica) {
  auto* lent = find(replica);
  if (lent == nullptr) return false;
  park_free(*lent);
  lent->reclaimed = true;
  if (lent->in_flight > 0) return false;
  lent->live = false;
  return true;
}

std::vector<Grant> Pool::recall(ReplicaId replica, Time now) {
  auto* lent = find(replica);
  if (lent == nullptr || !lent->reclaimed) return {};
  lent->reclaimed = false;
  return offer(std::exchange(lent->parked, {}), now);
}

void Pool::lost(ReplicaId replica) {
  auto* lent = find(replica);
  if (lent == nullptr) return;
  park_free(*lent);
  lent->live = false;
}

PoolReport Pool::report(Duration patience, Time now) const {
  PoolReport report{.held = held(), .in_flight = in_flight_};
  for (const auto& waiting : held_) {
    if (now - waiting.since >= patience) {
      ++report.held_long;
    } else if (!report.next_long) {
      report.next_long = waiting.since + patience;
    }
  }
  for (const auto& slots : free_) report.free += static_cast<std::uint32_t>(slots.size());
  for (const auto& lent : lent_) {
    if (lent.live) report.replicas.push_back({lent.replica, lent.in_flight, lent.idle_since, lent.since});
  }
  return report;
}

std::optional<Time> Pool::wake_at() const {
  if (held_.empty()) return std::nullopt;
  return std::ranges::min(held_, {}, &Waiting::deadline).deadline;
}

Pool::Lent* Pool::find(ReplicaId replica) {
  const auto found =
      std::ranges::find_if(lent_, [&](const Lent& lent) { return lent.live && lent.replica == replica; });
  return found == lent_.end() ? nullptr : &*found;
}

// Those whose deadline has come are left for expire().
Pool::Line::iterator Pool::first_in_line(Time now) {
  return std::ranges::find_if(held_, [&](const Waiting& waiting) { return waiting.deadline > now; });
}

Pool::Waiting Pool::take(const Line::iterator& held) {
  const Waiting waiting = *held;
  held_.erase(held);
  return waiting;
}

std::optional<Pool::Waiting> Pool::take_held(Time now) {
  const auto first = first_in_line(now);
  if (first == held_.end()) return std::nullopt;
  return take(first);
}

// For a slot whose connection `thread` has at hand.
std::optional<Pool::Waiting> Pool::take_held(Time now, std::uint32_t thread) {
  const auto first = first_in_line(now);
  if (first == held_.end()) return std::nullopt;
  for (auto held = first; held != held_.end() && held->since - first->since <= kAhead; ++held) {
    if (held->thread == thread && held->deadline > now) return take(held);
  }
  return take(first);
}

// The thread's own latest slot has its connection at hand; one that nobody used costs a connect; another thread's
// has to change threads.
std::optional<Slot> Pool::take_free(std::uint32_t thread) {
  auto* from = &free_[thread];
  if (from->empty()) from = &free_.back();
  if (from->empty()) from = &*std::ranges::max_element(free_, {}, &std::vector<Slot>::size);
  if (from->empty()) return std::nullopt;
  const Slot slot = from->back();
  from->pop_back();
  return slot;
}

void Pool::park_free(Lent& lent) {
  for (auto& slots : free_) {
    std::erase_if(slots, [&](const Slot& slot) {
      if (slot.replica != lent.replica) return false;
      lent.parked.push_back(slot);
      return true;
    });
  }
}

Grant Pool::give(const Waiting& call, const Slot& slot, Time now) {
  ++in_flight_;
  ++lent_[slot.place].in_flight;
  return {call.call, slot, call.thread, now - call.since};
}

}  // namespace hearth::domain
