// Times as people write them. Pure; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::cli {

// "10m" before `now`, "2026-01-31", "2026-01-31T09:05" or "…:30", all UTC, with or without Z → "2026-01-31T09:05:00Z".
std::optional<std::string> time_from_words(std::string_view text, std::chrono::system_clock::time_point now);

}  // namespace hearth::cli
