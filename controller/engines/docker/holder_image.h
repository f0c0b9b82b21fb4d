// The image of the containers that hold a parked network: one static program, which hearthd brings along, so that it
// is there whatever images functions are made of, and needs no registry.
#pragma once

#include "engines/docker/api.h"

#include <mutex>
#include <string>
#include <string_view>

namespace hearth::docker {

// The program's bytes.
std::string_view holder_program();

// Any thread; blocks on the engine.
class HolderImage {
 public:
  explicit HolderImage(Api& api) : api_(api) {}

  // Its name, once it is in Docker.
  std::string ensure();
  // Looks again before the next use: it may have been removed behind our back.
  void doubt();

 private:
  Api& api_;
  std::mutex mutex_;
  bool known_ = false;
};

}  // namespace hearth::docker
