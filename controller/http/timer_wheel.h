// Deadlines of one thread, by the thousand: setting one that moves later is a store, and the system's timer is touched
// only when the earliest of all comes nearer. Pure: `advance` is told the time. One thread.
#pragma once

#include "domain/time.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace hearth::http {

using domain::Time;
inline constexpr Time kNever = Time::max();

class TimerWheel;

// A deadline that is set again and again. Fires never before it, and at most a tick (4 ms) after.
class Timer {
 public:
  explicit Timer(TimerWheel& wheel) : wheel_(&wheel) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(Time deadline);
  void clear() noexcept { deadline_ = kNever; }

 protected:
  virtual ~Timer() { unlink(); }
  virtual void expired() = 0;  // may destroy any timer, this one too

 private:
  friend class TimerWheel;
  void unlink() noexcept;

  TimerWheel* wheel_;
  Time deadline_ = kNever;
  std::uint64_t linked_tick_ = 0;  // where it is linked: at or before the deadline's tick; 0: nowhere
  Timer* next_ = nullptr;
  Timer** back_ = nullptr;
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{4};

  // When advance has something to do next, if ever.
  std::optional<Time> due() const;
  // Fires what is due at `now`.
  void advance(Time now);
  // True once after `due` came nearer by Timer::set: the owner arms the system's timer anew.
  bool take_nearer() noexcept { return std::exchange(nearer_, false); }

 private:
  friend class Timer;
  static constexpr std::uint64_t kSlots = 4096;  // one round is 16 s; what is later stays for more rounds

  static std::uint64_t tick_of(Time time) noexcept;  // rounded up
  void link(Timer& timer, std::uint64_t tick) noexcept;

  std::array<Timer*, kSlots> slots_{};
  std::array<std::uint64_t, kSlots / 64> filled_{};                // may name a slot that is empty again
  std::uint64_t done_ = 0;                                         // ticks up to here have fired
  std::uint64_t due_ = std::numeric_limits<std::uint64_t>::max();  // no slot before this one needs a look
  bool nearer_ = false;
};

}  // namespace hearth::http
