// A container that a package is built in: made, filled, run, emptied, and removed with its owner whatever happened.
// Blocks; one thread at a time.
#pragma once

#include "engines/docker/api.h"
#include "engines/docker/build_codec.h"
#include "engines/docker/build_context.h"
#include "engines/docker/images.h"
#include "engines/docker/ownership.h"

#include <map>
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
  // Of an image as it is, to be filled and committed, never started.
  BuilderContainer(Api& api, const Installation& installation, const std::string& image, const std::stop_token& stop);
  BuilderContainer(const BuilderContainer&) = delete;
  BuilderContainer& operator=(const BuilderContainer&) = delete;
  ~BuilderContainer();

  // Unpacks a tar at its root.
  void upload(Spool& tar, const std::stop_token& stop);
  Ended run(const Deadline& deadline, const ports::BuildOutput& output, const std::stop_token& stop);
  // A folder of it as a tar whose root has the folder's name; nothing where there is no such folder.
  void download(const std::string& folder, Spool& into, const Deadline& deadline, const std::stop_token& stop);
  // The id of the image that it became. What marks the container as ours is not the image's.
  std::string commit(const ImageChange& change, const Deadline& deadline, const std::stop_token& stop);

 private:
  void create(const std::string& name, std::string body, const std::stop_token& stop);

  Api& api_;
  std::string id_;
  std::map<std::string, std::string> marks_;
};

}  // namespace hearth::docker
