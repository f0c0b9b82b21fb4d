// One call as the gateway makes it, for tests: asks, and waits for what becomes of it.
#pragma once

#include "control/dispatcher.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace hearth::control {

class Caller final : public Waiter {
 public:
  Caller(Dispatcher& dispatcher, const ports::Clock& clock) : dispatcher_(dispatcher), clock_(clock) {}

  // False when there is no such function.
  bool call(const std::string& function, std::chrono::milliseconds timeout = std::chrono::seconds{30},
            std::uint32_t thread = 0) {
    Directory::Reader reader{dispatcher_.directory()};
    const auto* row = reader.find(function);
    if (row == nullptr) return false;
    auto answer = dispatcher_.acquire(row->handle, clock_.now() + timeout, thread, *this);
    if (auto* lease = std::get_if<Lease>(&answer)) {
      granted(std::move(*lease));
    } else if (auto* fault = std::get_if<domain::Fault>(&answer)) {
      refused(std::move(*fault));
    } else {
      ticket_ = std::get<Ticket>(std::move(answer));
    }
    return true;
  }

  bool cancel() { return dispatcher_.cancel(*ticket_); }
  bool held() const {
    const std::scoped_lock lock{mutex_};
    return !lease_ && !fault_;
  }
  // Null when nothing came in time.
  Lease* await_lease() {
    await();
    return lease_ ? &*lease_ : nullptr;
  }
  std::optional<domain::Fault> await_fault() {
    await();
    return fault_;
  }
  void finish(Outcome outcome = Outcome::completed) {
    await();
    lease_->finish(outcome);
  }

  void granted(Lease lease) noexcept override {
    const std::scoped_lock lock{mutex_};
    lease_ = std::move(lease);
    ++heard_;
    changed_.notify_all();
  }
  void refused(domain::Fault fault) noexcept override {
    const std::scoped_lock lock{mutex_};
    fault_ = std::move(fault);
    ++heard_;
    changed_.notify_all();
  }
  int heard() const {
    const std::scoped_lock lock{mutex_};
    return heard_;
  }

 private:
  void await() {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, std::chrono::seconds{10}, [this] { return lease_ || fault_; });
  }

  Dispatcher& dispatcher_;
  const ports::Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Ticket> ticket_;
  std::optional<Lease> lease_;
  std::optional<domain::Fault> fault_;
  int heard_ = 0;
};

}  // namespace hearth::control
