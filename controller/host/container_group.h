// A container's control groups, found by its id where Docker puts them, and what the kernel tells there.
#pragma once

#include "ports/host.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::host {

inline constexpr const char* kGroups = "/sys/fs/cgroup";

// The group of the container `owner` below `root`, in the hierarchy of `controller` ("memory") for version 1, in the
// one that there is for version 2. Nothing where it is gone, or where the engine was told to put its groups elsewhere.
std::optional<std::filesystem::path> find_group(const std::filesystem::path& root, std::string_view controller,
                                                std::string_view owner);

std::optional<ports::MemoryUse> read_memory(const std::filesystem::path& root, std::string_view owner);

// Of all three, or false; what was written by then stays, and never is more than was allowed.
bool write_allowance(const std::filesystem::path& root, std::string_view owner, const ports::Allowance& allowance);

// How often the group `pids` was refused a process.
std::uint64_t read_refusals(const std::filesystem::path& pids);

}  // namespace hearth::host
