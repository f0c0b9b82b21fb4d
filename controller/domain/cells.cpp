#include "domain/cells.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace hearth::domain {

namespace {

// Read once, by the loader, the C library or the language, before a handover could come.
constexpr std::array<std::string_view, 6> kPrefixes{"LD_", "LC_", "MALLOC_", "PYTHON", "NODE_", "GO"};
constexpr std::array<std::string_view, 6> kNames{
    "TZ", "LANG", "LANGUAGE", "GLIBC_TUNABLES", "OPENSSL_CONF", "UV_THREADPOOL_SIZE"};
constexpr std::string_view kReadLater = "NODE_ENV";

constexpr std::uint64_t kMostOfMemory = 4;  // a package may take the quarter of it

bool matters_at_start(std::string_view name) {
  if (name == kReadLater) return false;
  return std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::optional<std::string> obstacle_to_cells(const FunctionSpec& spec) {
  if (spec.runtime.empty()) return "cells are containers of a runtime, and it has an image of its own";
  if (!spec.container_runtime.empty()) return "container_runtime: cells run by the engine's default one";
  if (spec.debug) return "it is being debugged";
  if (!spec.network.attach.empty()) return "network.attach: networks are joined when a container is made";
  if (spec.limits.tmp != kCellLimits.tmp) {
    return "limits.tmp: a cell's is " + to_string(kCellLimits.tmp) + ", made when it started";
  }
  for (const auto& [name, value] : spec.env) {
    if (matters_at_start(name)) return "env." + name + ": processes read it as they start, and a cell's runs already";
  }
  return std::nullopt;
}

std::optional<std::string> obstacle_to_streaming(Bytes room, const Limits& limits) {
  constexpr const char* kWhy = "cells are sent their packages, for hearthd may mount nothing that Docker sees, and ";
  if (room > kLargestStreamed) return kWhy + ("this one takes more than " + to_string(kLargestStreamed));
  if (room.count > limits.memory.count / kMostOfMemory) {
    const auto whole = mebibytes((room.count + mebibytes(1).count - 1) / mebibytes(1).count);
    return kWhy + ("this one would take " + to_string(whole) + " of limits.memory, more than a quarter of it");
  }
  return std::nullopt;
}

std::string_view to_string(StartedFrom from) {
  switch (from) {
    case StartedFrom::untold: break;
    case StartedFrom::cell: return "cell";
    case StartedFrom::image: return "image";
    case StartedFrom::image_for_no_cell: return "image: no cell stood ready";
    case StartedFrom::image_for_no_package: return "image: its package was not ready for cells";
    case StartedFrom::image_for_lost_cells: return "image: the cell ended before it was the replica";
  }
  return "";
}

void CellDemand::wanted(Time now) {
  recent_ = fading(now) + 1;
  at_ = now;
}

double CellDemand::fading(Time now) const {
  if (recent_ == 0) return 0;
  const std::chrono::duration<double> age = now - at_;
  return recent_ * std::exp(-age / std::chrono::duration<double>{kMemory});
}

std::uint32_t CellDemand::ready(const CellBounds& bounds, Time now) const {
  const double ahead = std::chrono::duration<double>{kAhead} / std::chrono::duration<double>{kMemory};
  const double wanted = std::ceil(fading(now) * ahead - 0.05);  // what is left of one start long ago is none
  return std::clamp(static_cast<std::uint32_t>(std::max(0.0, wanted)), std::min(bounds.min, bounds.max), bounds.max);
}

}  // namespace hearth::domain
