// What /metrics tells, in Prometheus' text format. The only user of prometheus-cpp. Everything is a snapshot that was
// taken for this one answer: nothing is counted here, so that no call ever pays for a counter. Pure; any thread.
#pragma once

#include "domain/cells.h"
#include "domain/durable_call.h"
#include "domain/metering.h"
#include "telemetry/process.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::telemetry {

struct Snapshot {
  std::string version;  // of hearthd
  std::vector<domain::FunctionStats> functions;
  domain::Histogram built;  // builds that made an image, from the deploy on
  domain::Histogram failed_builds;
  bool engine_reachable = false;
  std::vector<domain::CellCount> cells = {};
  std::size_t parked_networks = 0;
  std::uint64_t failed_usage_writes = 0;
  domain::WallTime now{};  // which due calls are late by
  std::vector<domain::DurableCallStats> durable_calls = {};
  std::uint64_t call_store_commits = 0;
  std::uint64_t call_store_changes = 0;
  ProcessFacts process;
};

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
std::string metrics_text(const Snapshot& snapshot);

}  // namespace hearth::telemetry
