#include "domain/keep_alive.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hearth::domain {

namespace {

Duration scaled(Duration duration, double by) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(duration) * by);
}

}  // namespace

std::string_view name(KeepPlan::Why why) {
  switch (why) {
    case KeepPlan::Why::fixed: return "fixed";
    case KeepPlan::Why::learning: return "learning";
    case KeepPlan::Why::irregular: return "irregular";
    case KeepPlan::Why::learned: return "learned";
    case KeepPlan::Why::rare: return "rare";
    case KeepPlan::Why::known: return "known";
  }
  return "";
}

void HybridKeepAlive::turned_busy(Time now) {
  if (idle_since_) observe(now - *idle_since_);
  idle_since_.reset();
}

void HybridKeepAlive::observe(Duration idle) {
  const auto bin = static_cast<std::size_t>(std::max<std::int64_t>(0, idle / kBin));
  if (bin >= kBins) {
    ++beyond_;
    rare_[rare_seen_++ % kRare] = idle;
    return;
  }
  auto& count = counts_[bin];
  if (count == std::numeric_limits<std::uint16_t>::max()) halve();
  squares_ += 2u * count + 1u;
  ++count;
  ++within_;
}

// What is long ago weighs less and less.
void HybridKeepAlive::halve() {
  within_ = 0;
  squares_ = 0;
  beyond_ /= 2;
  for (auto& count : counts_) {
    count /= 2;
    within_ += count;
    squares_ += std::uint64_t{count} * count;
  }
}

double HybridKeepAlive::variation() const {
  if (within_ == 0) return 0;
  const auto mean = static_cast<double>(within_) / kBins;
  const auto variance = static_cast<double>(squares_) / kBins - mean * mean;
  return std::sqrt(std::max(0.0, variance)) / mean;
}

// The first bin by whose end at least this share of them was over.
std::size_t HybridKeepAlive::bin_at(double share) const {
  const auto wanted = share * within_;
  double passed = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    passed += counts_[bin];
    if (passed > 0 && passed >= wanted) return bin;
  }
  return kBins - 1;
}

KeepPlan HybridKeepAlive::plan(std::optional<Time> known) const {
  if (known && idle_since_) {
    const auto at = std::max(Duration{0}, *known - *idle_since_);
    return expected(at > kBin ? at - kBin : Duration{0}, at + kBin, KeepPlan::Why::known);
  }
  if (seen() < settings_.least_seen) return fall_back(KeepPlan::Why::learning);
  if (beyond_ > settings_.most_beyond * seen()) return foresee_rare();
  if (variation() < settings_.least_variation) return fall_back(KeepPlan::Why::irregular);
  const auto head = kBin * static_cast<Duration::rep>(bin_at(settings_.head));
  const auto tail = kBin * static_cast<Duration::rep>(bin_at(settings_.tail) + 1);
  return expected(scaled(head, 1 - settings_.margin), scaled(tail, 1 + settings_.margin), KeepPlan::Why::learned);
}

// A replica is there from … to; where that is soon, it is never stopped before.
KeepPlan HybridKeepAlive::expected(Duration from, Duration to, KeepPlan::Why why) const {
  const auto linger = std::min(settings_.fallback, kBin);
  if (from < linger + settings_.least_gap) return {.keep = std::min(to, settings_.most), .again = {}, .why = why};
  return {.keep = linger, .again = KeepPlan::Window{from, std::min(to, from + settings_.most)}, .why = why};
}

IdleTimes HybridKeepAlive::learned() const {
  IdleTimes times{.within = {}, .beyond = beyond_, .rare = {}, .idle_since = idle_since_};
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    if (counts_[bin] > 0) times.within.push_back({static_cast<std::uint16_t>(bin), counts_[bin]});
  }
  for (auto i = rare_seen_ - std::min<std::uint32_t>(rare_seen_, kRare); i < rare_seen_; ++i) {
    times.rare.push_back(rare_[i % kRare]);
  }
  return times;
}

void HybridKeepAlive::recall(const IdleTimes& times) {
  *this = HybridKeepAlive{settings_};
  for (const auto& [minutes, count] : times.within) {
    if (minutes >= kBins || counts_[minutes] > 0) continue;
    counts_[minutes] = count;
    within_ += count;
    squares_ += std::uint64_t{count} * count;
  }
  for (const auto idle : times.rare) {
    if (idle >= kBin * static_cast<Duration::rep>(kBins)) rare_[rare_seen_++ % kRare] = idle;
  }
  beyond_ = times.beyond;
  idle_since_ = times.idle_since;
}

KeepPlan HybridKeepAlive::foresee_rare() const {
  if (rare_seen_ < kRare) return fall_back(KeepPlan::Why::learning);
  const auto [least, most] = std::ranges::minmax(rare_);
  const auto spread = most - least;
  if (spread > scaled(least, settings_.rare_spread)) return fall_back(KeepPlan::Why::irregular);
  const auto around = std::max(kBin, spread);
  return expected(least - around, most + around, KeepPlan::Why::rare);
}

void KeepAlivePolicy::fix(Duration keep) {
  const auto since = idle_since();
  FixedKeepAlive fixed{keep};
  if (since) fixed.fell_idle(*since);
  policy_ = fixed;
}

void KeepAlivePolicy::learn(const HybridSettings& settings) {
  if (auto* learned = std::get_if<HybridKeepAlive>(&policy_)) return learned->set(settings);
  const auto since = idle_since();
  HybridKeepAlive hybrid{settings};
  if (since) hybrid.fell_idle(*since);
  policy_ = hybrid;
}

std::optional<IdleTimes> KeepAlivePolicy::learned() const {
  const auto* hybrid = std::get_if<HybridKeepAlive>(&policy_);
  return hybrid == nullptr ? std::nullopt : std::optional{hybrid->learned()};
}

void KeepAlivePolicy::recall(const IdleTimes& times) {
  if (auto* hybrid = std::get_if<HybridKeepAlive>(&policy_)) hybrid->recall(times);
}

}  // namespace hearth::domain
