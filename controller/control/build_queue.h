// Deploys in the background: builds, a few at a time, and what follows each; those of one function one after the other.
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
#include <optional>
#include <semaphore>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

namespace hearth::control {

class BuildQueue {
 public:
  // Asked once for every revision, built or failed: puts it to work, and answers with why it does not. May block until
  // `stop`. The log is settled after that. What `stop` cut off is neither asked nor recorded.
  using OnBuilt = std::function<std::optional<domain::Fault>(const domain::Revision&, const std::stop_token& stop)>;

  BuildQueue(ports::Builder& builder, ports::Packages& packages, OnBuilt on_built);
  ~BuildQueue();  // ends

  // Cancels what runs, drops what waits, returns when nothing runs any more.
  void end();

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
  void carry_out(Job job, const std::stop_token& stop);
  void build(Job& job, const std::stop_token& stop);

  ports::Builder& builder_;
  ports::Packages& packages_;
  OnBuilt on_built_;
  std::counting_semaphore<> places_;  // for builds; what follows takes none
  mutable std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::deque<Job> waiting_;
  std::set<domain::FunctionName> building_;
  std::map<Key, std::shared_ptr<BuildLog>> logs_;
  std::deque<Key> ended_;  // oldest first
  std::vector<std::jthread> threads_;
};

}  // namespace hearth::control
