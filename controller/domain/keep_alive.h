// How long an idle function keeps a replica, and when one is made before it is asked for. Policies are values: told
// when their function turns busy and falls idle, asked for a plan. Pure, no clock; their owner guards them. Being told
// costs a few nanoseconds and allocates nothing; a plan costs a look at some hundred counters.
#pragma once

#include "domain/time.h"

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace hearth::domain {

// What follows once a function has fallen idle. Both times count from then.
struct KeepPlan {
  enum class Why : std::uint8_t {
    fixed,      // its settings say so
    learning,   // too few idle times are known
    irregular,  // they lie too evenly for any time to be better than another
    learned,    // by the times that it was idle for so far
    rare,       // it is mostly idle for longer than is counted, each time about as long
    known,      // something knows when it will be called
  };
  struct Window {
    Duration from{};
    Duration to{};
    bool operator==(const Window&) const = default;
  };

  Duration keep{};                   // idle for this long: its last replica goes
  std::optional<Window> again = {};  // then one is there from … to, made before it is asked for
  Why why = Why::fixed;
  bool operator==(const KeepPlan&) const = default;
};

std::string_view name(KeepPlan::Why why);  // "learned"

// What all policies answer to. `known`: when the function will be called next, where something, such as a schedule,
// says so.
template <class Policy>
concept KeepsAlive = requires(Policy policy, const Policy& asked, Time now, std::optional<Time> known) {
  policy.turned_busy(now);  // its first call in flight arrived
  policy.fell_idle(now);    // its last call in flight ended
  { asked.plan(known) } -> std::same_as<KeepPlan>;
  { asked.idle_since() } -> std::same_as<std::optional<Time>>;  // nothing while it is busy, or before its first call
};

class FixedKeepAlive {
 public:
  explicit FixedKeepAlive(Duration keep) : keep_(keep) {}

  void turned_busy(Time) { idle_since_.reset(); }
  void fell_idle(Time now) { idle_since_ = now; }
  KeepPlan plan(std::optional<Time>) const { return {.keep = keep_}; }
  std::optional<Time> idle_since() const { return idle_since_; }

 private:
  Duration keep_;
  std::optional<Time> idle_since_;
};

struct HybridSettings {
  Duration fallback = std::chrono::minutes{5};   // kept for this long while nothing better is known
  std::uint32_t least_seen = 4;                  // idle times that a plan may be made of
  double head = 0.05;                            // of them, those that a replica made anew may come too late for
  double tail = 0.99;                            // and those that it is kept for
  double margin = 0.10;                          // earlier and later than these
  double least_variation = 2.0;                  // of the counters, for them to say something
  double most_beyond = 0.5;                      // of all idle times, those longer than is counted
  Duration least_gap = std::chrono::minutes{2};  // nothing is stopped to be made anew sooner than this
  double rare_spread = 0.15;                     // how alike the idle times of a rare function must be
  Duration most = std::chrono::hours{12};        // idle at a stretch, whatever was learned; the fallback may be longer
  bool operator==(const HybridSettings&) const = default;
};

// The most that `auto` keeps an idle replica: who chose no policy is not to pay for hours. By the simulator it costs 5
// cold calls more in 10,000, and saves 6 % of the memory.
inline constexpr Duration kMostOfAuto = std::chrono::hours{1};

// What a policy knows of a function, for it to be kept elsewhere.
struct IdleTimes {
  struct Counter {
    std::uint16_t minutes = 0;  // idle for so long, and less than one more
    std::uint16_t times = 0;
    bool operator==(const Counter&) const = default;
  };
  std::vector<Counter> within;       // those that are not 0
  std::uint32_t beyond = 0;          // times that it was idle for longer than is counted
  std::vector<Duration> rare;        // the latest of them, the oldest first
  std::optional<Time> idle_since{};  // where it is idle
  bool operator==(const IdleTimes&) const = default;
};

// The hybrid histogram of "Serverless in the Wild" (Shahrad and others, USENIX ATC 2020): how often the function was
// idle for 0 to 1 minutes, 1 to 2, … up to four hours, and from that when its next call is to be expected. What the
// paper leaves to an ARIMA model, functions that are mostly idle for longer, is simpler here: if the last few of those
// times were alike, the next is taken to be so too; else nothing is foreseen.
class HybridKeepAlive {
 public:
  static constexpr Duration kBin = std::chrono::minutes{1};
  static constexpr std::size_t kBins = 240;

  explicit HybridKeepAlive(HybridSettings settings = {}) : settings_(settings) {}

  void turned_busy(Time now);
  void fell_idle(Time now) { idle_since_ = now; }
  KeepPlan plan(std::optional<Time> known) const;
  std::optional<Time> idle_since() const { return idle_since_; }

  // It was idle for this long.
  void observe(Duration idle);
  // What was learned stays.
  void set(const HybridSettings& settings) { settings_ = settings; }
  IdleTimes learned() const;
  // In place of whatever it knew. What cannot have been learned is left out.
  void recall(const IdleTimes& times);
  std::uint32_t seen() const { return within_ + beyond_; }
  // The standard deviation of the counters over their mean.
  double variation() const;

 private:
  static constexpr std::size_t kRare = 4;  // of the latest idle times beyond, so many are compared

  void halve();
  std::size_t bin_at(double share) const;
  KeepPlan expected(Duration from, Duration to, KeepPlan::Why why) const;
  KeepPlan foresee_rare() const;
  KeepPlan fall_back(KeepPlan::Why why) const { return {.keep = settings_.fallback, .again = {}, .why = why}; }

  HybridSettings settings_;
  std::optional<Time> idle_since_;
  std::array<std::uint16_t, kBins> counts_{};
  std::uint32_t within_ = 0;  // the sum of counts_
  std::uint32_t beyond_ = 0;
  std::uint64_t squares_ = 0;  // the sum of their squares
  std::array<Duration, kRare> rare_{};
  std::uint32_t rare_seen_ = 0;
};

// One of them, chosen when a function's settings are known.
class KeepAlivePolicy {
 public:
  KeepAlivePolicy() : policy_(FixedKeepAlive{std::chrono::minutes{5}}) {}

  // Kept for this long, whatever its calls are.
  void fix(Duration keep);
  // Learns, or goes on to.
  void learn(const HybridSettings& settings);
  // Nothing where it does not learn, and then nothing is recalled.
  std::optional<IdleTimes> learned() const;
  void recall(const IdleTimes& times);

  void turned_busy(Time now) {
    std::visit([now](auto& policy) { policy.turned_busy(now); }, policy_);
  }
  void fell_idle(Time now) {
    std::visit([now](auto& policy) { policy.fell_idle(now); }, policy_);
  }
  KeepPlan plan(std::optional<Time> known) const {
    return std::visit([known](const auto& policy) { return policy.plan(known); }, policy_);
  }
  std::optional<Time> idle_since() const {
    return std::visit([](const auto& policy) { return policy.idle_since(); }, policy_);
  }

 private:
  std::variant<FixedKeepAlive, HybridKeepAlive> policy_;
};

static_assert(KeepsAlive<FixedKeepAlive> && KeepsAlive<HybridKeepAlive> && KeepsAlive<KeepAlivePolicy>);

}  // namespace hearth::domain
