// One thread's world: its io_context, its timers, its buffers. Everything of a session belongs to one loop and is
// touched by that loop's thread only; `post` is the way in from outside.
#pragma once

#include "http/task.h"
#include "http/timer_wheel.h"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace hearth::http {

inline constexpr std::size_t kBlockBytes = 64 << 10;

class Loop;

// 64 KiB of a loop's pool. Empty until taken, goes back with its owner.
class Block {
 public:
  Block() = default;
  Block(Block&& other) noexcept : loop_(other.loop_), bytes_(std::exchange(other.bytes_, nullptr)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(loop_, other.loop_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Block() { release(); }

  char* data() const noexcept { return bytes_; }
  explicit operator bool() const noexcept { return bytes_ != nullptr; }
  void release() noexcept;

 private:
  friend class Loop;
  Block(Loop* loop, char* bytes) : loop_(loop), bytes_(bytes) {}

  Loop* loop_ = nullptr;
  char* bytes_ = nullptr;
};

class Loop : public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(std::uint32_t thread);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  std::uint32_t thread() const noexcept { return thread_; }
  asio::io_context& context() noexcept { return context_; }
  TimerWheel& wheel() noexcept { return wheel_; }
  Block take_block();

  // Any thread.
  template <class Work>
  void post(Work&& work) {
    asio::post(context_, std::forward<Work>(work));
  }
  // Runs `task` beside its caller; what it throws ends the program, so it throws nothing.
  void spawn(Task<> task);
  // Until the context is stopped.
  void run();
  // To be called after timers were set outside of a handler of `run`; run does it itself.
  void arm_timer();

 private:
  friend class Block;
  static constexpr std::size_t kSpareBlocks = 64;

  std::uint32_t thread_;
  TimerWheel wheel_;
  std::vector<char*> spare_;
  asio::io_context context_{1};
  asio::steady_timer timer_{context_};
};

}  // namespace hearth::http
