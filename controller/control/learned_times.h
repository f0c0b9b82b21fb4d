// What was learned of when a function is called, as it outlives a process: by the clock on the wall.
#pragma once

#include "domain/keep_alive.h"
#include "domain/time.h"

#include <optional>
#include <string>
#include <string_view>

namespace hearth::control {

struct LearnedTimes {
  domain::IdleTimes times;  // without idle_since
  std::optional<domain::WallTime> idle_since = {};
  bool operator==(const LearnedTimes&) const = default;
};

std::string encode_learned(const LearnedTimes& learned);
LearnedTimes decode_learned(std::string_view text);  // throws domain::Error

}  // namespace hearth::control
