// A container that a package is built in: made, filled, run, emptied, and removed with its owner whatever happened.
// Blocks; one thread at a time.
#pragma once

#include "engines/docker/api.h"
#include "engines/docker/build_codec.h"
#include "engines/docker/build_context.h"
#include "engines/docker/images.h"
#include "engines/docker/ownership.h"

#include <stop_token>
#include <string>

namespace hearth::docker {

class BuilderContainer {
 public:
  struct Ended {
    int exit_code = 0;
    bool out_of_memory = false;
    std::string last_lines;
  };

  // Its labels say that it is ours, so that one that a crash left behind is removed by the next start.
  BuilderContainer(Api& api, const Installation& installation, BuilderSpec spec, const std::stop_token& stop);
  BuilderContainer(const BuilderContainer&) = delete;
  BuilderContainer& operator=(const BuilderContainer&) = delete;
  ~BuilderContainer();

  // Unpacks a tar at its root.
  void upload(Spool& tar, const std::stop_token& stop);
  Ended run(const Deadline& deadline, const ports::BuildOutput& output, const std::stop_token& stop);
  // A folder of it as a tar whose root has the folder's name; nothing where there is no such folder.
  void download(const std::string& folder, Spool& into, const Deadline& deadline, const std::stop_token& stop);

 private:
  Api& api_;
  std::string id_;
};

}  // namespace hearth::docker
