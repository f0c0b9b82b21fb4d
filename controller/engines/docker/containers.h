// Docker's verbs for one container, each one call. Any thread; blocks; throws domain::Error with layer `engine`.
#pragma once

#include "engines/docker/api.h"
#include "engines/docker/codec.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hearth::docker {

class Containers {
 public:
  explicit Containers(Api& api) : api_(api) {}

  // Its id.
  std::string create(const std::string& name, const std::string& body);
  void start(const std::string& id);
  // Its limits, as JSON.
  void update(const std::string& id, const std::string& body);
  // False when it does not run (any more).
  bool signal(const std::string& id, const std::string& signal);
  void pause(const std::string& id);
  // No error where it is not paused, or gone.
  void unpause(const std::string& id);
  // How it ended, once it has; nothing when it still runs after `patience` or at `stop`. One that is gone was killed.
  std::optional<ports::Exit> await_exit(const std::string& id, std::chrono::milliseconds patience,
                                        std::stop_token stop = {});
  std::optional<Container> inspect(const std::string& id_or_name, std::stop_token stop = {});
  // Those, of any state, that claim to be of `installation`.
  std::vector<Container> list(const Installation& installation);
  // Kills it where it runs, removes it and its anonymous volumes; returns when it is gone. Gone already is fine.
  void remove(const std::string& id_or_name, std::stop_token stop = {});
  // The time of the last line of its output that Docker keeps, in nanoseconds since 1970; 0 where there is none.
  std::int64_t last_output(const std::string& id, std::stop_token stop = {});
  std::vector<std::string> image_volumes(const std::string& image);

 private:
  Api& api_;
};

}  // namespace hearth::docker
