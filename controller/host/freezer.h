// The freezer of a container's control group, of either version: written directly, and believed only when the kernel
// says that it is so.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string_view>

namespace hearth::host {

// False where the group of the container `owner` cannot be reached from here: it is gone, kept elsewhere, or not ours
// to write. Throws domain::Error `unavailable` where the kernel was asked and `patience` ended before it was so; then a
// freeze is taken back. Blocks for that long at most.
bool set_frozen(const std::filesystem::path& root, std::string_view owner, bool frozen,
                std::chrono::milliseconds patience);

// What the kernel says of a group, by the text of its file: `freezer.state` (version 1) or `cgroup.events` (version 2).
enum class Frost : std::uint8_t { thawed, between, frozen, unknown };
Frost frost_of_state(std::string_view text);
Frost frost_of_events(std::string_view text);

// Asks until `look` says `wanted`, and again while it is between, as version 1 wants: a process that is just being made
// escapes the first time. `rest` waits for a moment, or answers false when the time is over.
bool insist(Frost wanted, const std::function<void()>& ask, const std::function<Frost()>& look,
            const std::function<bool()>& rest);

}  // namespace hearth::host
