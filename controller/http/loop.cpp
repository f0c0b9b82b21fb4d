#include "http/loop.h"

#include "domain/error.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <coroutine>
#include <cstring>
#include <exception>

namespace hearth::http {
namespace {

// Owns itself: its frame ends with it.
struct Detached {
  struct promise_type {
    static void* operator new(std::size_t size) { return take_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { give_frame(frame, size); }
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

Detached detach(Task<> task) { co_await task; }

constexpr int kEventsATurn = 128;

thread_local const Loop* running = nullptr;  // on this thread

[[noreturn]] void fail(const char* what) {
  throw domain::Error(domain::Code::overloaded, domain::Layer::gateway,
                      std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

void Source::leave_queue() noexcept {
  if (!back_) return;
  *back_ = following_;
  if (following_) following_->back_ = back_;
  back_ = nullptr;
}

Loop::Descriptor::Descriptor(int opened) : fd(opened) {
  if (fd < 0) fail("a gateway's thread could not be set up");
}

Loop::Descriptor::~Descriptor() { ::close(fd); }

Loop::Loop(std::uint32_t thread)
    : thread_(thread),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      clock_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  // Edge-triggered, neither need ever be read: each ring and each expiry is an event of its own.
  for (const auto* own : {&bell_, &clock_}) {
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = const_cast<Descriptor*>(own)}};
    if (::epoll_ctl(epoll_.fd, EPOLL_CTL_ADD, own->fd, &event) != 0) fail("a gateway's thread could not be set up");
  }
}

Loop::~Loop() {
  // What one of them holds may post as it goes.
  while (Errand* left = errands_.exchange(nullptr)) {
    while (left) delete std::exchange(left, left->next_);
  }
}

void Loop::spawn(Task<> task) { detach(std::move(task)); }

void Loop::add(Errand* errand, bool wake) noexcept {
  const std::lock_guard lock(mutex_);
  errand->next_ = errands_.load();
  errands_.store(errand);
  if (!wake || running == this || std::exchange(woken_, true)) return;
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = ::write(bell_.fd, &once, sizeof once);
}

void Loop::stop() noexcept {
  stopped_.store(true);
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = ::write(bell_.fd, &once, sizeof once);
}

void Loop::watch(int fd, std::uint32_t events, Source& source) {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = &source}};
  if (::epoll_ctl(epoll_.fd, EPOLL_CTL_ADD, fd, &event) != 0) fail("a connection could not be watched");
}

void Loop::rewatch(int fd, std::uint32_t events, Source& source) noexcept {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = &source}};
  ::epoll_ctl(epoll_.fd, EPOLL_CTL_MOD, fd, &event);
}

// Also before a close: the kernel would go on telling of it while another process holds a copy.
void Loop::unwatch(int fd) noexcept { ::epoll_ctl(epoll_.fd, EPOLL_CTL_DEL, fd, nullptr); }

// Whoever hears of it next is this loop between two turns: nothing to wake it for.
void Loop::dismiss(Source* source) noexcept { add(source, false); }

void Loop::queue(Source& source) noexcept {
  if (source.back_) return;
  source.following_ = queue_;
  source.back_ = &queue_;
  if (queue_) queue_->back_ = &source.following_;
  queue_ = &source;
}

void Loop::run_errands() {
  if (!errands_.load()) return;
  Errand* backwards = nullptr;
  {
    const std::lock_guard lock(mutex_);
    backwards = errands_.exchange(nullptr);
    woken_ = false;
  }
  Errand* next = nullptr;
  while (backwards) {
    Errand* const first = std::exchange(backwards, backwards->next_);
    first->next_ = std::exchange(next, first);
  }
  while (next) {
    const std::unique_ptr<Errand> errand(std::exchange(next, next->next_));
    errand->run();
  }
}

void Loop::resume_queued() {
  if (!queue_) return;
  Source* now = std::exchange(queue_, nullptr);
  now->back_ = &now;
  while (now) {
    Source& source = *now;
    source.leave_queue();  // moves `now` on
    source.resumed();
  }
}

void Loop::arm_timer() {
  const auto due = wheel_.due();
  if (!due) return;
  const auto since = due->time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
  ::timerfd_settime(clock_.fd, TFD_TIMER_ABSTIME, &spec, nullptr);
}

void Loop::await_events() {
  std::array<epoll_event, kEventsATurn> events;
  const bool more = queue_ || errands_.load();
  const int count = ::epoll_wait(epoll_.fd, events.data(), kEventsATurn, more ? 0 : -1);
  ++turn_;
  bool late = false;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == &clock_) {
      late = true;
    } else if (event.data.ptr != &bell_) {  // whose errands are looked for anyway
      static_cast<Source*>(event.data.ptr)->happened(event.events);
    }
  }
  if (late) wheel_.advance(std::chrono::steady_clock::now());  // after what came in time
}

void Loop::run() {
  running = this;
  while (!stopped_.load()) {
    // Sources that were dismissed end here, where no event of theirs can be under way.
    run_errands();
    resume_queued();
    if (wheel_.take_nearer()) arm_timer();
    await_events();
  }
  running = nullptr;
}

}  // namespace hearth::http
