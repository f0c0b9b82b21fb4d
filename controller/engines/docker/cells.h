// The cells that stand ready: containers of a runtime that run, have their language up, and wait for a handover. Made
// and removed in the background, by what was wanted lately.
#pragma once

#include "domain/backoff.h"
#include "domain/cells.h"
#include "engines/docker/cell_codec.h"
#include "engines/docker/cell_link.h"
#include "engines/docker/containers.h"
#include "engines/docker/networks.h"
#include "engines/docker/package_copies.h"
#include "ports/host.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace hearth::docker {

struct Cell {
  domain::ReplicaId id = 0;  // what the host knows it by
  std::string container;
  CellLink link;
};

// Any thread.
class Cells {
 public:
  // Surroundings as of now, of a container without a folder. `way`: how they are to get their packages.
  Cells(domain::CellBounds bounds, PackageWay way, ports::Host& host, Containers& containers, Networks& networks,
        std::function<Surroundings()> surroundings);
  ~Cells();

  // Functions that could use cells of `kind` are `functions` many now; there are none while there are none of those.
  void expect(const CellKind& kind, const CellRecipe& recipe, std::size_t functions);
  // One that is ready, no longer ours; nothing where there is none.
  std::optional<Cell> take(const CellKind& kind);
  // Whether a container is, or is being made, one of ours.
  bool knows(const std::string& container) const;
  // One of them may have ended.
  void doubt();
  // For whoever has work on a container that nobody waits for. What it throws is dropped.
  void later(std::function<void()> task);
  std::vector<domain::CellCount> counts() const;
  // Stops making any and removes those that are ready.
  void end();

 private:
  struct Pool {
    CellRecipe recipe;
    std::size_t functions = 0;
    std::deque<Cell> ready = {};
    std::uint32_t making = 0;
    domain::CellDemand demand = {};
    domain::Backoff failures = {};
    domain::CellCount count = {};
  };
  using Task = std::function<void()>;

  void tell();  // the threads, that there may be something to do; under the lock
  void run(const std::stop_token& stop);
  // What there is to do next, and when to look again where that is nothing. Under the lock.
  Task next(const std::stop_token& stop, domain::Time& look);
  std::uint32_t wanted(const Pool& pool, domain::Time now) const;
  void make(const CellKind& kind, const CellRecipe& recipe, const std::stop_token& stop);
  Cell bring_up(domain::ReplicaId id, const CellKind& kind, const CellRecipe& recipe, const std::stop_token& stop);
  void discard(domain::ReplicaId id, const std::string& container) noexcept;

  const domain::CellBounds bounds_;
  const PackageWay way_;
  ports::Host& host_;
  Containers& containers_;
  Networks& networks_;
  const std::function<Surroundings()> surroundings_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<CellKind, Pool> pools_;
  std::map<domain::ReplicaId, std::set<std::string>> making_;  // names and ids of their containers
  std::deque<Task> tasks_;
  domain::ReplicaId last_id_;
  std::uint64_t news_ = 0;
  domain::Time rested_at_{};  // since when none is made, for those that were taken
  domain::Time rests_until_{};
  bool ended_ = false;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace hearth::docker
