#include "host/container_group.h"

#include <fstream>

namespace hearth::host {

namespace fs = std::filesystem;

namespace {

// "max", which means none, is no number.
std::optional<domain::Bytes> read_bytes(const fs::path& file) {
  std::ifstream in{file};
  domain::Bytes bytes;
  if (!(in >> bytes.count)) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<fs::path> find_group(const fs::path& root, std::string_view controller, std::string_view owner) {
  std::error_code ignored;
  const bool second = fs::exists(root / "cgroup.controllers", ignored);
  const fs::path hierarchy = second ? root : root / controller;
  const std::string id{owner};
  if (id.empty() || id.find('/') != id.npos) return std::nullopt;
  // Docker's two drivers: cgroupfs and systemd.
  for (const auto& place : {fs::path{"docker"} / id, fs::path{"system.slice"} / ("docker-" + id + ".scope")}) {
    if (fs::is_directory(hierarchy / place, ignored)) return hierarchy / place;
  }
  return std::nullopt;
}

std::optional<ports::MemoryUse> read_memory(const fs::path& root, std::string_view owner) {
  const auto group = find_group(root, "memory", owner);
  if (!group) return std::nullopt;
  auto limit = read_bytes(*group / "memory.limit_in_bytes");
  if (limit) return ports::MemoryUse{.limit = *limit, .peak = read_bytes(*group / "memory.max_usage_in_bytes")};
  limit = read_bytes(*group / "memory.max");
  if (!limit) return std::nullopt;
  return ports::MemoryUse{.limit = *limit, .peak = read_bytes(*group / "memory.peak")};  // since Linux 5.19
}

std::uint64_t read_refusals(const fs::path& pids) {
  std::ifstream in{pids / "pids.events"};
  std::string key;
  for (std::uint64_t count = 0; in >> key >> count;) {
    if (key == "max") return count;
  }
  return 0;
}

}  // namespace hearth::host
