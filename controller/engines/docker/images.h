// The verbs of the Engine API on images. Each blocks, may be called from any thread, and throws domain::Error.
#pragma once

#include "domain/function.h"
#include "engines/docker/api.h"
#include "engines/docker/build_codec.h"
#include "engines/docker/build_context.h"
#include "ports/builder.h"

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace hearth::docker {

// When a build's time is up, whatever it is doing then.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds limit) : at_(std::chrono::steady_clock::now() + limit) {}
  // At least a millisecond: to the HTTP client nothing means no limit.
  std::chrono::milliseconds left() const;
  bool passed() const { return std::chrono::steady_clock::now() >= at_; }

 private:
  std::chrono::steady_clock::time_point at_;
};

struct ImageBuild {
  Spool& context;   // a tar, from its start
  std::string tag;  // the name it gets
  std::string dockerfile = "Dockerfile";
  std::string target = {};  // a stage; empty: the last
  std::map<std::string, std::string> args = {};
  std::map<std::string, std::string> labels = {};
  domain::Bytes memory = {};  // of each step; 0: no limit
  std::string network = {};   // of each step; empty: Docker's default
};

struct Pulled {
  std::string id;
};
struct NotPulled {
  std::string why;  // in Docker's words
};

class Images {
 public:
  explicit Images(Api& api) : api_(api) {}

  std::optional<Image> find(const std::string& name, std::stop_token stop = {});
  // Names of those that bear `label`.
  std::vector<std::string> list(const std::string& label);
  // The id. A build that fails throws `invalid` with the step and its end.
  std::string build(const ImageBuild& build, const Deadline& deadline, const ports::BuildOutput& output,
                    std::stop_token stop);
  std::variant<Pulled, NotPulled> pull(const std::string& name, const Deadline& deadline,
                                       const ports::BuildOutput& output, std::stop_token stop);
  void tag(const std::string& id, const std::string& name);
  // Takes the name away, and the image with its last name. What is gone or in use is left.
  void untag(const std::string& name);

 private:
  Api& api_;
};

// "registry:5000/a/b:tag" → {"registry:5000/a/b", "tag"}; the tag may be a digest; "latest" where there is none.
std::pair<std::string, std::string> split_name(const std::string& name);

}  // namespace hearth::docker
