#include "http/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace hearth::http {
namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

}  // namespace

void Timer::set(Time deadline) {
  deadline_ = deadline;
  if (deadline == kNever) return;
  const auto tick = TimerWheel::tick_of(deadline);
  if (linked_tick_ != 0 && linked_tick_ <= tick) return;  // looked at in time, and moved on then
  unlink();
  wheel_->link(*this, tick);
}

void Timer::unlink() noexcept {
  if (linked_tick_ == 0) return;
  *back_ = next_;
  if (next_) next_->back_ = back_;
  linked_tick_ = 0;
}

std::uint64_t TimerWheel::tick_of(Time time) noexcept {
  const auto since = time.time_since_epoch();
  if (since.count() <= 0) return 1;
  const auto tick = std::chrono::duration_cast<domain::Duration>(kTick).count();
  return static_cast<std::uint64_t>(since.count() / tick) + (since.count() % tick != 0 ? 1 : 0);
}

void TimerWheel::link(Timer& timer, std::uint64_t tick) noexcept {
  tick = std::max(tick, done_ + 1);
  const auto slot = tick % kSlots;
  timer.linked_tick_ = tick;
  timer.next_ = slots_[slot];
  timer.back_ = &slots_[slot];
  if (timer.next_) timer.next_->back_ = &timer.next_;
  slots_[slot] = &timer;
  filled_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  if (tick < due_) {
    due_ = tick;
    nearer_ = true;
  }
}

std::optional<Time> TimerWheel::due() const {
  if (due_ == kNone) return std::nullopt;
  return Time{std::chrono::duration_cast<domain::Duration>(kTick) * static_cast<std::int64_t>(due_)};
}

void TimerWheel::advance(Time now) {
  // Rounded down: a tick is over when its end has passed.
  const auto tick = std::chrono::duration_cast<domain::Duration>(kTick).count();
  const auto current = static_cast<std::uint64_t>(now.time_since_epoch().count() / tick);
  if (current <= done_) return;
  const auto first = std::max(due_, current >= kSlots ? current - kSlots + 1 : 1);
  done_ = current;
  for (auto at = first; at <= current && due_ != kNone; ++at) {
    const auto slot = at % kSlots;
    if (!slots_[slot]) continue;
    Timer* fired = std::exchange(slots_[slot], nullptr);
    fired->back_ = &fired;
    while (fired) {
      Timer& timer = *fired;
      timer.unlink();  // moves `fired` on
      if (timer.deadline_ == kNever) continue;
      if (timer.deadline_ > now) {
        link(timer, tick_of(timer.deadline_));
      } else {
        timer.deadline_ = kNever;
        timer.expired();
      }
    }
  }
  due_ = kNone;
  for (std::uint64_t ahead = 1; ahead <= kSlots; ++ahead) {
    const auto slot = (current + ahead) % kSlots;
    if (slot % 64 == 0 && filled_[slot / 64] == 0) {
      ahead += 63;
      continue;
    }
    if (slots_[slot]) {
      due_ = current + ahead;
      break;
    }
    filled_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  }
  nearer_ = true;
}

}  // namespace hearth::http
