// The images that a runtime brings: what functions run in, what their packages are built in, and their dependencies.
// Each is made when it is first wanted, by one build at a time, and found by a name that says what it is made of.
#pragma once

#include "engines/docker/build_context.h"
#include "engines/docker/images.h"
#include "engines/docker/ownership.h"
#include "ports/builder.h"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace hearth::docker {

// A template folder of ours, as its template.yaml says.
struct Runtime {
  std::string name;                      // "python"
  std::filesystem::path folder;          // its Dockerfile has the stages `run` and `builder`, and takes BASE
  std::vector<std::string> bases;        // in order of preference
  std::string dependencies_file = {};    // "requirements.txt"; empty: the runtime has none
  std::string dependencies_folder = {};  // where they go below /function: ".packages"
  std::vector<std::string> dependencies_command = {};  // run in /function, with a cache at /cache
};

struct BuildSettings {
  Installation installation;
  std::vector<Runtime> runtimes;
  std::filesystem::path work_folder;                // for files of builds in flight
  std::map<std::string, std::string> proxies = {};  // http_proxy and its like, as hearthd got them
  std::filesystem::path ca_bundle = {};             // of the engine's machine, for builds only; empty: none
  std::string base_mend = "run `./dev base`, which makes it of Debian's packages, or `docker load` it";
  TarLimits package = {};
  TarLimits installed = {.unpacked = domain::gibibytes(4), .entries = 500'000, .subject = "what was installed"};
  domain::Bytes memory = domain::gibibytes(2);                   // of a builder or of one step of a Dockerfile
  std::uint32_t pids = 512;                                      // of a builder
  std::chrono::milliseconds timeout = std::chrono::minutes{15};  // of a whole build
};

// One build's surroundings.
struct BuildRun {
  std::string space = {};  // the namespace that it is for
  const Deadline& deadline;
  const ports::BuildOutput& output;
  std::stop_token stop;
};

class RuntimeImages {
 public:
  RuntimeImages(Api& api, const BuildSettings& settings) : api_(api), images_(api), settings_(settings) {}

  // The id of the image that functions of `runtime` run in.
  std::string run_image(const Runtime& runtime, const BuildRun& run);
  // The name of an image on top of it that has what the package's dependencies file asks for. What is installed can
  // run code and leave wheels of any name in the cache, so namespaces share neither images nor caches.
  std::string with_dependencies(const Runtime& runtime, const std::filesystem::path& package,
                                const std::string& package_digest, const std::string& asked, const BuildRun& run);

 private:
  // Held while an image of a name is being made, so that no two builds make the same.
  class Turn;

  std::string base_of(const Runtime& runtime, const BuildRun& run);
  std::string stage(const Runtime& runtime, const std::string& stage, const BuildRun& run);
  void install(const Runtime& runtime, const std::filesystem::path& package, Spool& installed, const BuildRun& run);

  Api& api_;
  Images images_;
  const BuildSettings& settings_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::set<std::string> in_work_;
};

// The volume with what the builds of a namespace downloaded.
std::string cache_volume(const Installation& installation, const std::string& space);

inline constexpr const char* kBuiltBy = "dev.hearth.image.installation";
inline constexpr const char* kDependencies = "dev.hearth.image.dependencies";

// Whether a dependencies file names other files of the package, so that it alone does not say what will be installed.
bool names_files(const std::string& dependencies);

}  // namespace hearth::docker
