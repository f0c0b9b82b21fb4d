// Who was called when, and for how long: what a simulation replays.
#pragma once

#include "domain/function.h"
#include "domain/time.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hearth::sim {

struct Call {
  domain::Time at{};  // counted from the trace's begin
  domain::Duration took{};
};

// What lies beyond a lifetime is never reached, and a Duration could not hold it.
inline domain::Duration seconds(double count) {
  return std::chrono::duration_cast<domain::Duration>(std::chrono::duration<double>(std::min(count, 3e9)));
}

// One pass over a trace: each function's calls in order of time.
class Calls {
 public:
  virtual ~Calls() = default;
  virtual std::optional<Call> next(std::uint32_t function) = 0;
};

// Immutable; outlives its passes, of which there may be several at once.
class Trace {
 public:
  virtual ~Trace() = default;
  virtual const std::vector<domain::Bytes>& functions() const = 0;  // the memory of each one's replica
  virtual domain::Duration length() const = 0;
  virtual std::unique_ptr<Calls> calls() const = 0;
  virtual std::string words() const = 0;  // what it is, for people
};

}  // namespace hearth::sim
