// The images that a runtime brings: what functions run in, what their packages are built in, and their dependencies.
// Each is made when it is first wanted, by one build at a time, and found by a name that says what it is made of.
#pragma once

#include "engines/docker/build_context.h"
#include "engines/docker/cell_codec.h"
#include "engines/docker/images.h"
#include "engines/docker/ownership.h"
#include "engines/docker/spent_containers.h"
#include "ports/builder.h"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace hearth::docker {

// What runs over a package in its runtime's builder image, in /function, with a cache at /cache.
struct BuildStep {
  std::vector<std::string> command = {};  // empty: the runtime has no such step
  std::string folder = {};                // what it leaves is taken from here
};

// What `handler` in fn.yaml means to a runtime.
enum class HandlerForm : std::uint8_t {
  none,      // it has no handler: the package is all there is to say
  file,      // "run.sh"
  function,  // "handler.py:handle"
  module,    // "handler.js", or "handler.js:name" of what it exports
};

// A template folder of ours, as its template.yaml says.
struct Runtime {
  std::string name;                // "python"
  std::filesystem::path folder;    // its Dockerfile has the stages `run` and `builder`, and takes BASE
  std::vector<std::string> bases;  // in order of preference
  std::string on = {};             // the runtime whose image is the base instead
  HandlerForm handler_form = HandlerForm::none;
  std::string handler = {};                                  // what fn.yaml may leave out
  std::uint32_t concurrency = domain::Limits{}.concurrency;  // the same
  std::vector<std::string> dependencies_files = {};  // the first asks for them, others pin: "package.json", its lock
  std::vector<std::string> dependencies_when = {};   // the first asks for some if it says one of these; empty: always
  BuildStep dependencies = {};                       // its folder stays where it is, below /function: ".packages"
  std::string dependencies_compiled = {};            // a file in there that a package's own files there make void
  BuildStep build = {};                              // its folder becomes /function
  std::string builds = {};                           // only what has a file of this pattern; empty: every package
  // What opens a debugger for a revision with `debug`: no command where the language brings it; nothing: it has none.
  std::optional<BuildStep> debugger = {};
  std::vector<std::string> cell = {};   // what a cell runs instead of the image's entrypoint; empty: it has no cells
  Compilation compilation = {};         // of the copies that cells are bound to
  std::filesystem::path launcher = {};  // a program that its Dockerfile finds as `launch`; empty: it asks for none
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
  TarLimits built = {.unpacked = domain::gibibytes(4), .entries = 500'000, .subject = "what was built"};
  // On the network that functions are on, from which this machine and clouds' metadata are closed.
  bool own_network = true;
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
  RuntimeImages(Api& api, const BuildSettings& settings, SpentContainers& spent)
      : api_(api), images_(api), settings_(settings), spent_(spent) {}

  // The id of the image that functions of `runtime` run in.
  std::string run_image(const Runtime& runtime, const BuildRun& run);
  // The name of an image on top of `base` that has the runtime's debugger.
  std::string with_debugger(const Runtime& runtime, const std::string& base, const std::filesystem::path& package,
                            const BuildRun& run);
  // The name of an image on top of `base` that has what the package's dependencies file asks for. What is installed can
  // run code and leave wheels of any name in the cache, so namespaces share neither images nor caches.
  std::string with_dependencies(const Runtime& runtime, const std::string& base, const std::filesystem::path& package,
                                const std::string& package_digest, const std::string& asked, const BuildRun& run);
  // The id of a new image: `base` with what the tar has on top. A quarter of what a build of the same costs Docker.
  std::string put_on_top(const std::string& base, Spool& layer, const ImageChange& change, const BuildRun& run);
  // Runs the runtime's `build` over the package; what is to become /function, below a folder of `built_folder`'s name.
  void build(const Runtime& runtime, const std::filesystem::path& package, Spool& built, const BuildRun& run);

 private:
  // Held while an image of a name is being made, so that no two builds make the same.
  class Turn;

  // What a step installs below /function, as an image of its own.
  struct Addition {
    const BuildStep& step;
    std::string name;  // of the image
    std::string what;  // "installing what requirements.txt asks for"
    std::string hint;  // where it fails
  };

  std::string base_of(const Runtime& runtime, const BuildRun& run);
  const Runtime& named(const std::string& name) const;
  std::string stage(const Runtime& runtime, const std::string& stage, const BuildRun& run);
  void install(const Addition& addition, const Runtime& runtime, const std::string& base,
               const std::filesystem::path& package, const BuildRun& run);
  // Takes the step's folder out as a tar; `what` is for messages. A user's failure ends with `hint`.
  void carry_out(const BuildStep& step, const Runtime& runtime, const std::filesystem::path& package, Spool& left,
                 const std::string& what, const std::string& hint, const BuildRun& run);

  Api& api_;
  Images images_;
  const BuildSettings& settings_;
  SpentContainers& spent_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::set<std::string> in_work_;
};

// The network that builds run on; empty: Docker's default.
std::string build_network(const BuildSettings& settings);

// The volume with what the builds of a namespace downloaded.
std::string cache_volume(const Installation& installation, const std::string& space);

inline constexpr const char* kBuiltBy = "dev.hearth.image.installation";
inline constexpr const char* kDependencies = "dev.hearth.image.dependencies";
inline constexpr const char* kContent = "dev.hearth.image.content";
inline constexpr const char* kDebugger = "dev.hearth.image.debugger";

// The name of the folder that `build` leaves its tar's entries in.
std::string built_folder(const Runtime& runtime);

// Whether a dependencies file names other files of the package, so that it alone does not say what will be installed.
bool names_files(const std::string& dependencies);

}  // namespace hearth::docker
