// An engine as tests see it: a world with containers that behave as asked, and what is heard of it.
#pragma once

#include "domain/error.h"
#include "ports/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hearth::contract {

using namespace std::chrono_literals;

// How the containers of a test behave.
enum class Behaviour { serves, exits_with_3, never_listens, listens_elsewhere, does_not_load };

// An engine with images that behave as asked, seen from outside. Nothing is left of it when it is destroyed.
class World {
 public:
  virtual ~World() = default;
  virtual ports::Engine& engine() = 0;
  // A new engine over the same containers, as after a restart of hearthd; the old one is gone.
  virtual ports::Engine& restart() = 0;
  // A spec with a fresh id.
  virtual ports::ReplicaSpec spec(Behaviour behaviour) = 0;
  // Whether a call to that replica is answered by it.
  virtual bool serves(domain::ReplicaId replica, const ports::Address& address) = 0;
  // Whether it gets no CPU.
  virtual bool is_frozen(domain::ReplicaId replica) = 0;
  // Makes a running replica exit by itself.
  virtual void make_exit(domain::ReplicaId replica, const ports::Address& address, int code) = 0;
  // Containers, folders and whatever else there is of this world's replicas now.
  virtual std::size_t things() = 0;
};
using MakeWorld = std::function<std::unique_ptr<World>()>;

// Hears of exits, and lets a test wait for one.
class Exits : public ports::EngineEvents {
 public:
  void exited(domain::ReplicaId replica, const ports::Exit& exit) override {
    const std::lock_guard lock{mutex_};
    seen_.emplace_back(replica, exit);
    changed_.notify_all();
  }
  void away(const domain::Fault& why) override {
    const std::lock_guard lock{mutex_};
    ++aways_;
    why_ = why;
    changed_.notify_all();
  }
  void back() override {
    const std::lock_guard lock{mutex_};
    ++backs_;
    changed_.notify_all();
  }

  std::optional<ports::Exit> await(domain::ReplicaId replica, std::chrono::milliseconds patience = 10s) {
    std::unique_lock lock{mutex_};
    std::optional<ports::Exit> found;
    changed_.wait_for(lock, patience, [&] {
      for (const auto& [id, exit] : seen_) {
        if (id == replica) found = exit;
      }
      return found.has_value();
    });
    return found;
  }
  bool await_away(std::chrono::milliseconds patience = 20s) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return aways_ > 0; });
  }
  bool await_back(std::chrono::milliseconds patience = 30s) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return backs_ > 0; });
  }
  std::size_t count() {
    const std::lock_guard lock{mutex_};
    return seen_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<domain::ReplicaId, ports::Exit>> seen_;
  int aways_ = 0;
  int backs_ = 0;
  domain::Fault why_;
};

// Watches an engine for as long as it lives.
class Watching {
 public:
  Watching(ports::Engine& engine, ports::EngineEvents& events)
      : thread_([&engine, &events](std::stop_token stop) { engine.watch(events, stop); }) {}

 private:
  std::jthread thread_;
};

inline domain::Fault fault_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const domain::Error& error) {
    return error.fault();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace hearth::contract
