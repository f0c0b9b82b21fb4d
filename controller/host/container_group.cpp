#include "host/container_group.h"

#include <fcntl.h>
#include <unistd.h>

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

// Through the C library, since a stream tells of a refused write only by its closing.
bool write_text(const fs::path& file, const std::string& text) {
  const ports::Descriptor opened{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  return opened && ::write(opened.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Of both together: no swap. In version 1 the sum may never be less than the part, so the order depends on the way.
bool write_memory(const fs::path& group, domain::Bytes limit) {
  const auto bytes = std::to_string(limit.count);
  std::error_code ignored;
  if (fs::exists(group / "memory.max", ignored)) return write_text(group / "memory.max", bytes);
  const auto part = group / "memory.limit_in_bytes";
  const auto sum = group / "memory.memsw.limit_in_bytes";
  if (!fs::exists(sum, ignored)) return write_text(part, bytes);  // swap is not counted here
  const auto before = read_bytes(part);
  const bool more = before && *before < limit;
  return write_text(more ? sum : part, bytes) && write_text(more ? part : sum, bytes);
}

// Docker's period too, so that its view of the share stays the same.
bool write_cpu(const fs::path& group, std::uint32_t millis) {
  constexpr std::uint64_t kPeriod = 100'000;  // microseconds
  const auto quota = std::to_string(kPeriod * millis / 1000);
  std::error_code ignored;
  if (fs::exists(group / "cpu.max", ignored)) {
    return write_text(group / "cpu.max", quota + " " + std::to_string(kPeriod));
  }
  return write_text(group / "cpu.cfs_period_us", std::to_string(kPeriod)) &&
         write_text(group / "cpu.cfs_quota_us", quota);
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

bool write_allowance(const fs::path& root, std::string_view owner, const ports::Allowance& allowance) {
  const auto memory = find_group(root, "memory", owner);
  const auto cpu = find_group(root, "cpu", owner);
  const auto pids = find_group(root, "pids", owner);
  if (!memory || !cpu || !pids) return false;
  return write_memory(*memory, allowance.memory) && write_cpu(*cpu, allowance.cpu_millis) &&
         write_text(*pids / "pids.max", std::to_string(allowance.processes));
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
