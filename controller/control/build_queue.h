// Builds, a few at a time, in the background; those of one function one after the other.
#pragma once

#include "control/build_log.h"
#include "domain/function.h"
#include "ports/builder.h"
#include "ports/packages.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace hearth::control {

class BuildQueue {
 public:
  // Told once for every build: the revision with its image, or with its fault. The log is settled after that.
  using OnSettled = std::function<void(const domain::Revision&)>;

  BuildQueue(ports::Builder& builder, ports::Packages& packages, OnSettled on_settled);
  ~BuildQueue();  // cancels what runs and drops what waits

  void push(domain::Revision revision);
  // Of builds that wait or run, and of the last ones that ended.
  std::shared_ptr<BuildLog> log(const domain::FunctionName& function, std::uint64_t revision) const;

 private:
  struct Job {
    domain::Revision revision;
    std::shared_ptr<BuildLog> log;
  };
  using Key = std::pair<domain::FunctionName, std::uint64_t>;

  void work(std::stop_token stop);
  std::optional<Job> take();  // under the lock: the first whose function is not being built
  void build(Job job, std::stop_token stop);

  ports::Builder& builder_;
  ports::Packages& packages_;
  OnSettled on_settled_;
  mutable std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::deque<Job> waiting_;
  std::set<domain::FunctionName> building_;
  std::map<Key, std::shared_ptr<BuildLog>> logs_;
  std::deque<Key> ended_;  // oldest first
  std::vector<std::jthread> threads_;
};

}  // namespace hearth::control
