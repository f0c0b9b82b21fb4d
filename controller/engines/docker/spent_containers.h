// Containers that gave what they were made for. Docker takes as long over removing one as over making it, and nobody
// who builds, deploys or starts waits for that.
#pragma once

#include "engines/docker/builder_container.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

namespace hearth::docker {

// Any thread. Does not end before all are removed, or Docker has refused that.
class SpentContainers {
 public:
  SpentContainers();
  SpentContainers(const SpentContainers&) = delete;
  SpentContainers& operator=(const SpentContainers&) = delete;
  ~SpentContainers();

  void add(std::unique_ptr<BuilderContainer> container);
  // Blocks until none is left: while a container is there, Docker keeps the last name of its image.
  void await_none();

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::unique_ptr<BuilderContainer>> waiting_;
  bool removes_ = false;  // one that waits no more
  std::jthread thread_;   // ends before all of the above
};

}  // namespace hearth::docker
