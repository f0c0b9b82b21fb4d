// The domain's time: passed in, never read. Steady time for durations, wall time for records.
#pragma once

#include <chrono>

namespace hearth::domain {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace hearth::domain
