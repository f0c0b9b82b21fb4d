// Durable calls from the moment they are asked for to their end: stored before anybody is told so, handed to their
// functions a few at a time, tried again, given up, and remembered for a while.
#pragma once

#include "domain/call_queue.h"
#include "domain/durable_call.h"
#include "domain/function.h"
#include "ports/call_store.h"
#include "ports/caller.h"
#include "ports/clock.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hearth::control {

class DurableCalls {
 public:
  // What is to be known of a function before it is called.
  struct Facts {
    domain::RetryPolicy retry;
    std::uint32_t capacity = 1;  // calls at once, of all its replicas
  };
  struct Settings {
    std::uint32_t at_once = 256;  // attempts that run, of all functions together
    std::chrono::milliseconds keep_ended = std::chrono::hours{24};
    std::chrono::milliseconds keep_dead = std::chrono::days{7};
    // Nothing for a function that does not serve. Any thread.
    std::function<std::optional<Facts>(const domain::FunctionName&)> find;
    // Hears why the store cannot be used, once, and nothing when it can again.
    std::function<void(const std::optional<domain::Fault>&)> report;
  };

  // What is passed outlives it.
  DurableCalls(ports::CallStore& store, ports::Caller& caller, const ports::Clock& clock, Settings settings);
  // Attempts that run are broken off; they run again at the next start.
  ~DurableCalls();

  // Calls that an earlier hearthd left begin. Where that one still lives, what it has begun is its own until
  // others_ended().
  enum class Others : std::uint8_t { none, live };
  void start(Others others = Others::none);
  void others_ended();
  // No more attempts begin; those that run go on, and what they come to is written. Returns when that is all that is
  // left to whoever follows.
  void stop();

  // --- any thread, never blocks ---

  // `then` hears as CallStore::add says; the call is on its way then.
  void submit(ports::NewCall call, ports::CallStore::Stored then);

  // --- any thread, blocks on the disk, throws domain::Error ---

  // False where it is not queued any more. An attempt that runs is broken off.
  bool cancel(const std::string& id);
  // False where it is neither dead nor cancelled; `conflict` where its last attempt has not ended yet.
  bool redrive(const std::string& id);
  // Those of the filter's state, dead or cancelled, of a page of the list.
  struct Redriven {
    std::size_t count = 0;
    std::string next;  // what the next page begins behind; empty: this was the last
  };
  Redriven redrive(const ports::CallStore::Filter& filter, const std::string& before, std::size_t limit);
  ports::CallStore& store() const { return store_; }

  struct Stats {
    std::vector<domain::DurableCallStats> functions;
    ports::CallStore::Counts writes;
  };
  Stats stats();

 private:
  struct Queue {
    domain::CallQueue calls = domain::CallQueue();
    std::uint32_t at_once = 1;
    domain::WallTime paused_until{};              // its function could not be asked
    std::optional<domain::WallTime> agenda = {};  // where it stands there
  };
  struct Running {
    domain::FunctionName function;
    std::uint32_t attempt = 1;
    std::uint32_t misses = 0;
    domain::WallTime started{};
    domain::RetryPolicy retry;
  };
  using Queues = std::map<domain::FunctionName, Queue>;
  using Counts = std::array<std::uint64_t, domain::kAttemptEndings>;

  void end_thread();
  void look_again();
  ports::CallStore::Begun begun_too();
  void work(const std::stop_token& stop);
  void wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  std::vector<std::function<void()>> take_unwritten(domain::WallTime now);
  std::vector<domain::FunctionName> take_due(domain::WallTime now);
  void serve(const domain::FunctionName& function);
  void fill(const domain::FunctionName& function, const domain::CallTurn& from);
  void begin(const domain::FunctionName& function, const std::optional<Facts>& facts, const domain::Waiting& call);
  void attempted(const std::string& id, ports::Attempted result);
  void settle(const std::string& id, const Running& run, const domain::Verdict& verdict, ports::Attempted result);
  void settled(const std::string& id, const std::optional<domain::Fault>& why_not, std::optional<domain::Waiting> again,
               std::function<void()> repeat);
  void forget();

  // With mutex_ held.
  void add(const domain::FunctionName& function, domain::Waiting call);
  void schedule(Queues::value_type& queue);
  void end(const domain::FunctionName& function, const std::string& id);
  void tell(const std::optional<domain::Fault>& why_not);

  ports::CallStore& store_;
  ports::Caller& caller_;
  const ports::Clock& clock_;
  const Settings settings_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Queues queues_;  // of functions that have calls
  std::set<std::pair<domain::WallTime, domain::FunctionName>> agenda_;
  std::unordered_map<std::string, Running> running_;
  std::map<domain::FunctionName, Counts> counts_;  // of attempts
  std::vector<std::function<void()>> unwritten_;   // ends that the store did not take, to be told again
  domain::WallTime repeat_at_{};
  domain::WallTime forget_at_{};
  std::size_t pending_ = 0;  // what the store or the caller has yet to tell
  bool others_live_ = false;
  bool failing_ = false;
  bool ending_ = false;
  std::minstd_rand random_{std::random_device{}()};
  std::jthread thread_;
};

}  // namespace hearth::control
