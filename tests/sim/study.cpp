#include "sim/study.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

namespace hearth::sim {

using namespace std::chrono_literals;

std::vector<Run> run_all(const Trace& trace, std::vector<Policy> policies, const WorldSettings& settings,
                         unsigned jobs) {
  std::vector<Run> runs;
  for (auto& policy : policies) runs.push_back({std::move(policy), {}});
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto at = next++; at < runs.size(); at = next++) {
      runs[at].outcome = simulate(trace, runs[at].policy, settings);
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return runs;
}

std::vector<Policy> keep_alive_policies() {
  std::vector<Policy> policies;
  for (const auto minutes : {1, 5, 10, 20, 60, 240}) {
    policies.push_back(
        {.name = "fixed, " + std::to_string(minutes) + " min", .keeps = Fixed{std::chrono::minutes{minutes}}});
  }
  for (const auto minutes : {1, 5, 20, 240}) {
    policies.push_back({.name = "hybrid, " + std::to_string(minutes) + " min at first",
                        .keeps = Hybrid{{.fallback = std::chrono::minutes{minutes}}}});
  }
  policies.push_back({.name = "auto, 5 min at first", .keeps = Hybrid{{.most = domain::kMostOfAuto}}});
  for (const double worth : {3.0, 10.0, 30.0, 100.0, 300.0, 1'000.0}) {
    policies.push_back(
        {.name = "oracle, " + std::to_string(static_cast<int>(worth)) + " GB s a start", .keeps = Oracle{worth}});
  }
  return policies;
}

std::vector<Policy> eviction_policies(domain::Bytes memory) {
  return {{.name = "worth least", .keeps = Fixed{24h}, .memory = memory},
          {.name = "auto and worth least", .keeps = Hybrid{{.most = domain::kMostOfAuto}}, .memory = memory},
          {.name = "greedy-dual", .keeps = Fixed{24h}, .memory = memory, .eviction = Eviction::greedy_dual},
          {.name = "least recently used", .keeps = Fixed{24h}, .memory = memory, .eviction = Eviction::least_recent},
          {.name = "oracle", .keeps = Fixed{24h}, .memory = memory, .eviction = Eviction::foreseen}};
}

std::optional<double> oracle_at(const std::vector<Run>& runs, double idle_gb_seconds) {
  std::vector<std::pair<double, double>> known;
  for (const auto& run : runs) {
    if (!std::holds_alternative<Oracle>(run.policy.keeps) || run.outcome.idle_gb_seconds <= 0) continue;
    known.emplace_back(std::log(run.outcome.idle_gb_seconds), run.outcome.cold_ratio());
  }
  std::ranges::sort(known);
  const auto wanted = std::log(idle_gb_seconds);
  for (std::size_t i = 1; i < known.size(); ++i) {
    const auto& [x0, y0] = known[i - 1];
    const auto& [x1, y1] = known[i];
    if (wanted >= x0 && wanted <= x1 && x1 > x0) return y0 + (y1 - y0) * (wanted - x0) / (x1 - x0);
  }
  return std::nullopt;
}

}  // namespace hearth::sim
