// Time as the control world sees it; a fake one makes tests deterministic.
#pragma once

#include "domain/time.h"

namespace hearth::ports {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual domain::Time now() const = 0;
  virtual domain::WallTime wall_now() const = 0;
};

}  // namespace hearth::ports
