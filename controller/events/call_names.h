// Names for durable calls: UUIDs of version 7 (RFC 9562 §5.7) without their hyphens. They sort by time, begin with a
// digit, which no function's name does, and cannot be guessed: who knows one may see what came of the call. One thread.
#pragma once

#include "domain/time.h"

#include <array>
#include <cstddef>
#include <string>

namespace hearth::events {

class CallNames {
 public:
  std::string next(domain::WallTime now);

 private:
  std::array<unsigned char, 2'000> random_{};  // of the system's, used up from the end
  std::size_t left_ = 0;
};

}  // namespace hearth::events
