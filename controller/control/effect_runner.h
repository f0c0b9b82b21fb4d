// Carries out what fleets order: starts, stops, freezes and thaws of containers, in order per replica, side by side
// otherwise, starts within budgets of turns and of memory for all functions. What comes of an order goes back to its
// function as a signal.
#pragma once

#include "control/effect_threads.h"
#include "domain/backoff.h"
#include "domain/fleet.h"
#include "domain/lanes.h"
#include "domain/start_turns.h"
#include "ports/clock.h"
#include "ports/engine.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>

namespace hearth::control {

class Timers;

// Whoever orders, and hears what came of it. Called from the runner's threads with no lock held.
class Ordering {
 public:
  virtual void starting(const domain::Order& order) = 0;  // its turn has come: the engine is asked now
  virtual ports::ReplicaSpec spec(const domain::Order& order) const = 0;
  virtual void started(const domain::Order& order, const ports::Running& running, domain::Turn turn) = 0;
  virtual void not_started(const domain::Order& order, const domain::Fault& why) = 0;
  virtual void stopped(const domain::Order& order) = 0;
  virtual ports::Freeze freezing(const domain::Order& order) = 0;  // its turn has come
  virtual void froze(const domain::Order& order) = 0;
  virtual void not_frozen(const domain::Order& order, const std::string& why) = 0;
  virtual void thawed(const domain::Order& order, std::chrono::microseconds took) = 0;
  virtual void not_thawed(const domain::Order& order, const domain::Fault& why) = 0;

 protected:
  ~Ordering() = default;
};

class EffectRunner {
 public:
  struct Settings {
    std::uint32_t max_starts = 8;  // at once, and as many threads for them
    std::uint32_t max_stops = 8;   // the same
    std::chrono::milliseconds stop_grace{10'000};
    domain::Bytes memory{~0ull >> 1};  // of all replicas together
    // Starts wait for so much that nobody gives up by itself: somebody is to. Called from the runner's threads with no
    // lock held, and again while they wait.
    std::function<void(domain::Bytes missing)> make_room = {};
  };

  EffectRunner(ports::Engine& engine, const ports::Clock& clock, Timers& timers, Settings settings);
  ~EffectRunner();

  // `size`: the memory of a replica that is to start.
  void push(const std::shared_ptr<Ordering>& who, const domain::Order& order, domain::Bytes size = {});
  // A replica that lives already has this much; one that lives on with somebody else has nothing of ours.
  void holds(domain::ReplicaId replica, domain::Bytes size);
  void let_go(domain::ReplicaId replica);
  // Whether starts wait for memory.
  bool short_of_memory() const noexcept { return short_of_memory_; }
  domain::Bytes memory() const noexcept { return settings_.memory; }
  // Any other work that blocks; not in any lane.
  void post(std::function<void()> task);
  // Stops a replica that no fleet knows, until it is gone.
  void dispose(domain::ReplicaId replica);
  // Calls starts off, waits for stops that run, drops what waits.
  void shut_down();

 private:
  struct Lane {
    std::shared_ptr<Ordering> who = {};
    std::stop_source halt = {};                      // of the start or freeze in flight
    domain::Order now = {.act = domain::Act::thaw};  // in flight, or a start that waits for its turn
    domain::Time since = {};                         // it is wanted
    domain::Turn turn = {};                          // of the start
    domain::Backoff retries = {};
    domain::Bytes size{};
  };

  void schedule(Lane& lane, const domain::Order& order);  // under the lock
  void pump();                                            // under the lock
  void ask_for_room();                                    // under the lock
  void make_room();
  void run(const domain::Order& order);
  void start(const std::shared_ptr<Ordering>& who, const domain::Order& order, domain::Turn turn, std::stop_token stop);
  void freeze(const std::shared_ptr<Ordering>& who, const domain::Order& order, std::stop_token stop);
  void thaw(const std::shared_ptr<Ordering>& who, const domain::Order& order, domain::Time since);
  bool stop(domain::ReplicaId replica, std::chrono::milliseconds grace);
  void finish(domain::ReplicaId replica);
  void retry(const domain::Order& order);
  void try_to_dispose(domain::ReplicaId replica, domain::Backoff retries);

  ports::Engine& engine_;
  const ports::Clock& clock_;
  Timers& timers_;
  Settings settings_;

  std::mutex mutex_;
  bool down_ = false;
  domain::Lanes lanes_;
  domain::StartTurns<Ordering*> turns_;
  domain::Time short_at_ = domain::Time::min();  // when the first in line last lacked memory
  std::atomic<bool> short_of_memory_ = false;
  bool asked_for_room_ = false;
  bool looks_again_ = false;
  std::unordered_map<domain::ReplicaId, Lane> running_;
  EffectThreads threads_;  // last: they use the rest
};

}  // namespace hearth::control
