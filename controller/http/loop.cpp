#include "http/loop.h"

#include <coroutine>
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

}  // namespace

void Block::release() noexcept {
  if (!bytes_) return;
  auto& spare = loop_->spare_;
  if (spare.size() < Loop::kSpareBlocks) {
    spare.push_back(bytes_);  // reserved for kSpareBlocks
  } else {
    delete[] bytes_;
  }
  bytes_ = nullptr;
}

Loop::Loop(std::uint32_t thread) : thread_(thread) { spare_.reserve(kSpareBlocks); }

Loop::~Loop() {
  for (char* bytes : spare_) delete[] bytes;
}

Block Loop::take_block() {
  if (spare_.empty()) return {this, new char[kBlockBytes]};
  char* bytes = spare_.back();
  spare_.pop_back();
  return {this, bytes};
}

void Loop::spawn(Task<> task) { detach(std::move(task)); }

void Loop::arm_timer() {
  const auto due = wheel_.due();
  if (!due) return;
  timer_.expires_at(*due);
  timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;  // armed anew for an earlier time
    wheel_.advance(std::chrono::steady_clock::now());
  });
}

void Loop::run() {
  const auto work = asio::make_work_guard(context_);
  while (context_.run_one() != 0) {
    if (wheel_.take_nearer()) arm_timer();
  }
}

}  // namespace hearth::http
