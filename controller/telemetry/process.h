// What the running process takes of the machine, as /proc tells it. Any thread.
#pragma once

#include <cstdint>

namespace hearth::telemetry {

// 0 where /proc does not say.
struct ProcessFacts {
  double cpu_seconds = 0;
  double started_at = 0;  // seconds since 1970
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
  std::uint64_t threads = 0;
};

ProcessFacts process_facts();

}  // namespace hearth::telemetry
