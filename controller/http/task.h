// A coroutine that is awaited by one other: starts when awaited, resumes its awaiter when it ends. Its frame comes
// from a free list of its thread, so that a call allocates nothing once the thread is warm. One thread.
//
// GCC 12 miscompiles co_await in the condition of an `else if` or beside && and ||, and destroys twice what is made
// with braces among its operands: await into a variable, and name what is passed.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace hearth::http {

// Memory of coroutine frames, kept per thread and size class; falls back to the heap for unusual sizes.
void* take_frame(std::size_t size);
void give_frame(void* frame, std::size_t size) noexcept;

namespace detail {

struct PromiseCommon {
  std::coroutine_handle<> awaiter = std::noop_coroutine();
  std::exception_ptr failure;

  static void* operator new(std::size_t size) { return take_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { give_frame(frame, size); }

  struct ResumeAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().awaiter;
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  ResumeAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct Promise : PromiseCommon {
  std::optional<T> value;
  auto get_return_object() noexcept { return std::coroutine_handle<Promise>::from_promise(*this); }
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseCommon {
  auto get_return_object() noexcept { return std::coroutine_handle<Promise>::from_promise(*this); }
  void return_void() const noexcept {}
  void take() const {
    if (failure) std::rethrow_exception(failure);
  }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    coroutine_.promise().awaiter = awaiter;
    return coroutine_;
  }
  T await_resume() { return coroutine_.promise().take(); }

 private:
  std::coroutine_handle<promise_type> coroutine_;
};

}  // namespace hearth::http
