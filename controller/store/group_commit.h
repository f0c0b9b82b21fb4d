// Many small changes at the price of one write to the disk: a thread of its own takes all that wait, makes them in one
// transaction, and tells each when it is on disk. Who comes while a transaction is written goes with the next one, so
// that nobody waits for more than two.
#pragma once

#include "domain/error.h"
#include "store/sqlite.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace hearth::store {

class GroupCommit {
 public:
  // Runs within a transaction, on the writer's thread. It may run twice: what it throws is its own fault, and the
  // others' transaction is then made without it.
  using Change = std::function<void(Sqlite&)>;
  // Called once on the writer's thread, in order; must only post.
  using Then = std::function<void(const std::optional<domain::Fault>& why_not)>;

  // `database` outlives it and is the writer's from here on.
  explicit GroupCommit(Sqlite& database);
  // Writes what waits.
  ~GroupCommit();

  // Any thread; never blocks.
  void submit(Change change, Then then);
  // The same, waiting for it; throws why it could not be written.
  void run(const Change& change);

  // Runs `act` on the writer's thread, between two transactions. Any thread; never blocks.
  void between(std::function<void(Sqlite&)> act);

  struct Counts {
    std::uint64_t commits = 0;
    std::uint64_t changes = 0;
  };
  Counts counts() const;

 private:
  struct Job {
    Change change;
    Then then;
  };

  void work(const std::stop_token& stop);
  std::vector<Job> next(const std::stop_token& stop, std::vector<std::function<void(Sqlite&)>>& acts);
  void carry_out(std::vector<Job>& batch);
  std::optional<domain::Fault> commit(std::vector<Job>& batch, std::size_t begin, std::size_t end);

  Sqlite& database_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> waiting_;
  std::vector<std::function<void(Sqlite&)>> acts_;
  Counts counts_;
  std::jthread thread_;
};

}  // namespace hearth::store
