// The policies that are compared: hearthd's own, plain ones to stand beside them, and those that know the future.
#pragma once

#include "domain/eviction.h"
#include "domain/function.h"
#include "domain/keep_alive.h"
#include "sim/greedy_dual.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace hearth::sim {

// Knows when each function is called next, and keeps a replica for it where that costs at most so much memory × time.
// Of all that make nothing before it is asked for, none has fewer cold starts for the memory that it holds.
class Foresight {
 public:
  Foresight(double gb_seconds, domain::Bytes memory)
      : most_(std::chrono::duration_cast<domain::Duration>(std::chrono::duration<double>(
            gb_seconds * static_cast<double>(1ull << 30) / static_cast<double>(memory.count)))) {}

  void turned_busy(domain::Time) { idle_since_.reset(); }
  void fell_idle(domain::Time now) { idle_since_ = now; }
  domain::KeepPlan plan(std::optional<domain::Time> known) const {
    using Why = domain::KeepPlan::Why;
    if (!idle_since_) return {.keep = std::chrono::hours{24}, .why = Why::known};  // it will be asked again
    const bool worth = known && *known - *idle_since_ <= most_;
    return {.keep = worth ? *known - *idle_since_ + std::chrono::seconds{1} : domain::Duration{0}, .why = Why::known};
  }
  std::optional<domain::Time> idle_since() const { return idle_since_; }

 private:
  domain::Duration most_;
  std::optional<domain::Time> idle_since_;
};
static_assert(domain::KeepsAlive<Foresight>);

using Keeper = std::variant<domain::FixedKeepAlive, domain::HybridKeepAlive, Foresight>;

// Whom memory is taken from.
enum class Eviction : std::uint8_t {
  worth_least,   // hearthd's
  greedy_dual,   // FaasCache's
  least_recent,  // who idles longest
  foreseen,      // whose next call is farthest, times its size: Belady's rule
};

struct Fixed {
  domain::Duration keep = std::chrono::minutes{5};
};
struct Hybrid {
  domain::HybridSettings settings = {};
};
struct Oracle {
  double gb_seconds = 0;  // that a warm start is worth
};

struct Policy {
  std::string name;
  std::variant<Fixed, Hybrid, Oracle> keeps = Fixed{};
  std::optional<domain::Bytes> memory = {};  // for all replicas; without: as much as they like
  Eviction eviction = Eviction::worth_least;

  Keeper keeper(domain::Bytes memory_of_one) const;
};

// Those of `idle` that are to go; `next_call` by function.
class Evictor {
 public:
  explicit Evictor(Eviction how) : how_(how) {}
  std::vector<domain::IdleReplica> evict(std::vector<domain::IdleReplica> idle, domain::Bytes missing, domain::Time now,
                                         const std::vector<domain::Time>& next_call);

 private:
  Eviction how_;
  GreedyDual greedy_dual_;
};

}  // namespace hearth::sim
