// Where one coroutine waits: until the gate is opened, its deadline passes, or someone interrupts. One thread.
#pragma once

#include "http/timer_wheel.h"

#include <coroutine>
#include <cstdint>
#include <utility>

namespace hearth::http {

enum class Wake : std::uint8_t { opened, timed_out, interrupted };

class Gate final : Timer {
 public:
  explicit Gate(TimerWheel& wheel) : Timer(wheel) {}

  // Lets the waiter through, or the next one to come. Resumes it before returning: the last thing that a caller does.
  void open() {
    open_ = true;
    if (waiter_) resume();
  }
  // Turns the waiter back, and everyone after it.
  void interrupt() {
    interrupted_ = true;
    if (waiter_) resume();
  }
  // Lets waiters in again after an interrupt.
  void allow() noexcept { interrupted_ = false; }
  bool awaited() const noexcept { return waiter_ != nullptr; }

  struct Awaiter {
    Gate& gate;
    Time deadline;

    bool await_ready() const noexcept { return gate.interrupted_ || gate.open_; }
    void await_suspend(std::coroutine_handle<> waiter) {
      gate.waiter_ = waiter;
      gate.set(deadline);
    }
    Wake await_resume() const noexcept {
      if (gate.interrupted_) return Wake::interrupted;
      return std::exchange(gate.open_, false) ? Wake::opened : Wake::timed_out;
    }
  };
  Awaiter wait(Time deadline) noexcept { return {*this, deadline}; }

 private:
  void resume() {
    clear();
    std::exchange(waiter_, nullptr).resume();
  }
  void expired() override {
    if (waiter_) resume();
  }

  std::coroutine_handle<> waiter_;
  bool open_ = false;
  bool interrupted_ = false;
};

}  // namespace hearth::http
