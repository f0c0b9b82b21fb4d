// One thread's world: the descriptors that it watches, its timers, its buffers. Everything of a session belongs to one
// loop and is touched by that loop's thread only; `post` is the way in from outside.
//
// Descriptors are watched edge-triggered, from their first moment to their last: what was told once is remembered by
// its Source, and a wait asks nothing of the system.
#pragma once

#include "http/block.h"
#include "http/task.h"
#include "http/timer_wheel.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace hearth::http {

inline constexpr std::size_t kBlockBytes = 64 << 10;
// What long bodies move in: four of the pieces that the kernel makes of it, which a unix socket takes at once.
inline constexpr std::size_t kWideBytes = 4 * kBlockBytes;

class Loop;

// Done on a loop's thread, once, and deleted there; deleted undone where the loop ends first.
class Errand {
 public:
  virtual ~Errand() = default;
  virtual void run() = 0;

 private:
  friend class Loop;
  Errand* next_ = nullptr;
};

// What hears of a watched descriptor. Its owner gives it up by Loop::dismiss, since an event of it may be under way.
class Source : public Errand {
 public:
  ~Source() override { leave_queue(); }
  virtual void happened(std::uint32_t events) = 0;  // epoll's
  virtual void resumed() = 0;                       // it was queued in the turn before

 private:
  friend class Loop;
  void run() final {}
  void leave_queue() noexcept;

  Source* following_ = nullptr;
  Source** back_ = nullptr;  // null: not queued
};

class Loop : public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(std::uint32_t thread);  // throws domain::Error where the system has no room for one
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  std::uint32_t thread() const noexcept { return thread_; }
  TimerWheel& wheel() noexcept { return wheel_; }
  Block take_block() { return blocks_.take(); }
  // For as long as a stretch of a long body is on its way; empty where others have them all, which bounds what many
  // slow bodies take.
  Block take_wide_block() { return wide_blocks_.take(); }
  // Grows by one between two looks at what the descriptors have to tell.
  std::uint64_t turn() const noexcept { return turn_; }
  // The time at which this turn's first asker asked: no older than the turn, and one look at the clock for all of it.
  Time now() noexcept {
    if (std::exchange(told_at_, turn_) != turn_) now_ = std::chrono::steady_clock::now();
    return now_;
  }

  // Any thread. Never runs `work` before it returns.
  template <class Work>
  void post(Work&& work) {
    add(new Posted<std::decay_t<Work>>(std::forward<Work>(work)), true);
  }
  // Runs `task` beside its caller; what it throws ends the program, so it throws nothing.
  void spawn(Task<> task);
  // Until it is stopped.
  void run();
  // Any thread.
  void stop() noexcept;

  // --- for what has a descriptor ---

  // `events` are epoll's; throws domain::Error where the system has no room.
  void watch(int fd, std::uint32_t events, Source& source);
  // Tells anew what is so already.
  void rewatch(int fd, std::uint32_t events, Source& source) noexcept;
  void unwatch(int fd) noexcept;          // any thread
  void dismiss(Source* source) noexcept;  // any thread; takes it over
  void queue(Source& source) noexcept;    // for the next turn, after everyone else had this one

 private:
  static constexpr std::size_t kSpareBlocks = 64;
  static constexpr std::size_t kSpareWideBlocks = 4;
  static constexpr std::size_t kWideBlocks = 16;

  template <class Work>
  struct Posted final : Errand {
    explicit Posted(Work&& given) : work(std::move(given)) {}
    explicit Posted(const Work& given) : work(given) {}
    void run() override { work(); }
    Work work;
  };
  struct Descriptor {
    explicit Descriptor(int opened);
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    const int fd;
  };

  void add(Errand* errand, bool wake) noexcept;
  void run_errands();
  void resume_queued();
  void await_events();
  void arm_timer();

  std::uint32_t thread_;
  std::uint64_t turn_ = 1;
  std::uint64_t told_at_ = 0;  // the turn of now_
  Time now_{};
  TimerWheel wheel_;
  BlockPool blocks_{kBlockBytes, kSpareBlocks, std::numeric_limits<std::size_t>::max()};
  BlockPool wide_blocks_{kWideBytes, kSpareWideBlocks, kWideBlocks};
  Source* queue_ = nullptr;
  std::mutex mutex_;                       // guards the errands, and that whoever adds one is done before it is run
  std::atomic<Errand*> errands_{nullptr};  // the last one first; whether there are any may be asked without the lock
  bool woken_ = false;                     // for them
  std::atomic<bool> stopped_{false};
  Descriptor epoll_;
  Descriptor bell_;
  Descriptor clock_;
};

}  // namespace hearth::http
