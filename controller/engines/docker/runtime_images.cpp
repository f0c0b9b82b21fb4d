#include "engines/docker/runtime_images.h"

#include "engines/docker/builder_container.h"
#include "engines/docker/codec.h"

#include <algorithm>
#include <sstream>

namespace hearth::docker {

using domain::Code;
using domain::Layer;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kShort = 16;  // hex digits of a digest in a name: as unique as we need

void say(const BuildRun& run, const std::string& line) {
  if (run.output) run.output(line + "\n");
}

}  // namespace

class RuntimeImages::Turn {
 public:
  Turn(RuntimeImages& images, std::string name, const std::stop_token& stop) : images_(images), name_(std::move(name)) {
    std::unique_lock lock{images_.mutex_};
    const bool free = images_.freed_.wait(lock, stop, [&] { return !images_.in_work_.contains(name_); });
    if (!free) throw domain::Error(Code::cancelled, Layer::client, "the build was cancelled");
    images_.in_work_.insert(name_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    const std::lock_guard lock{images_.mutex_};
    images_.in_work_.erase(name_);
    images_.freed_.notify_all();
  }

 private:
  RuntimeImages& images_;
  const std::string name_;
};

bool names_files(const std::string& dependencies) {
  std::istringstream lines{dependencies};
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty() || line.front() == '#') continue;
    const bool option = line.starts_with("-") && !line.starts_with("--hash");
    const bool address = line.starts_with("//");  // of a registry, in .npmrc
    if (option || line.starts_with(".") || (line.starts_with("/") && !address)) return true;
    for (const auto* word : {"file:", ".whl", ".tar", "\"workspaces\""}) {
      if (line.find(word) != line.npos) return true;
    }
  }
  return false;
}

std::string build_network(const BuildSettings& settings) {
  return settings.own_network ? network_name(settings.installation, NetworkKind::open) : "";
}

std::string cache_volume(const Installation& installation, const std::string& space) {
  return "hearth-" + installation.id + "-cache-" + space;
}

std::string RuntimeImages::base_of(const Runtime& runtime, const BuildRun& run) {
  for (const auto& base : runtime.bases) {
    if (images_.find(base, run.stop)) return base;
  }
  std::string why;
  for (const auto& base : runtime.bases) {
    say(run, "Pulling " + base);
    const auto pulled = images_.pull(base, run.deadline, run.output, run.stop);
    if (std::holds_alternative<Pulled>(pulled)) return base;
    if (why.empty()) why = std::get<NotPulled>(pulled).why;
  }
  throw domain::Error(Code::unavailable, Layer::engine,
                      "the base image of runtime " + runtime.name + " (" + runtime.bases.front() +
                          ") is not in Docker and cannot be pulled: " + why,
                      settings_.base_mend);
}

std::string RuntimeImages::stage(const Runtime& runtime, const std::string& stage, const BuildRun& run) {
  const std::string base = runtime.on.empty() ? base_of(runtime, run) : this->stage(named(runtime.on), "run", run);
  const auto base_image = images_.find(base, run.stop);
  std::string made_of = folder_digest(runtime.folder) + (base_image ? base_image->id : base);
  if (!runtime.launcher.empty()) made_of += file_digest(runtime.launcher);
  const std::string name = "hearth/runtime-" + runtime.name + (stage == "run" ? "" : "-" + stage) + ":" +
                           hex_digest(made_of).substr(0, kShort);
  const Turn turn{*this, name, run.stop};
  if (const auto image = images_.find(name, run.stop)) return image->id;
  say(run, "Making the image of runtime " + runtime.name + (stage == "run" ? "" : " (" + stage + ")") + ", once");
  Spool context{settings_.work_folder};
  TarWriter tar{context.descriptor()};
  add_folder(tar, runtime.folder);
  if (!runtime.launcher.empty()) add_file(tar, "launch", runtime.launcher);
  tar.finish();
  auto args = settings_.proxies;
  args["BASE"] = base;
  return images_.build(
      {.context = context, .tag = name, .target = stage, .args = args, .network = build_network(settings_)},
      run.deadline, run.output, run.stop);
}

const Runtime& RuntimeImages::named(const std::string& name) const {
  const auto found = std::ranges::find(settings_.runtimes, name, &Runtime::name);
  if (found != settings_.runtimes.end()) return *found;
  throw domain::Error(Code::not_found, Layer::engine, "a runtime is made on top of " + name + ", which is not there",
                      "look at the templates folder");
}

std::string RuntimeImages::run_image(const Runtime& runtime, const BuildRun& run) { return stage(runtime, "run", run); }

std::string RuntimeImages::with_debugger(const Runtime& runtime, const std::string& base, const fs::path& package,
                                         const BuildRun& run) {
  std::string made_of = base + "\n" + run.space;
  for (const auto& word : runtime.debugger->command) made_of += "\n" + word;
  std::string name =
      "hearth-" + settings_.installation.id + "/debugger-" + runtime.name + ":" + hex_digest(made_of).substr(0, kShort);
  const Turn turn{*this, name, run.stop};
  if (images_.find(name, run.stop)) return name;
  say(run, "Installing the debugger of runtime " + runtime.name);
  install({.step = *runtime.debugger,
           .name = name,
           .what = "installing the debugger of runtime " + runtime.name,
           .hint = "see above why; without --debug it is not wanted"},
          runtime, base, package, run);
  return name;
}

std::string RuntimeImages::with_dependencies(const Runtime& runtime, const std::string& base, const fs::path& package,
                                             const std::string& package_digest, const std::string& asked,
                                             const BuildRun& run) {
  std::string made_of = base + "\n" + run.space + "\n" + asked;
  for (const auto& word : runtime.dependencies.command) made_of += "\n" + word;
  if (names_files(asked)) made_of += "\n" + package_digest;
  std::string name = "hearth-" + settings_.installation.id + "/dependencies-" + runtime.name + ":" +
                     hex_digest(made_of).substr(0, kShort);
  const Turn turn{*this, name, run.stop};
  if (images_.find(name, run.stop)) {
    say(run, "Dependencies unchanged since " + name.substr(name.rfind(':') + 1));
    return name;
  }
  const std::string& file = runtime.dependencies_files.front();
  say(run, "Installing what " + file + " asks for");
  install({.step = runtime.dependencies,
           .name = name,
           .what = "installing what " + file + " asks for",
           .hint = "mend " + file + " and deploy again"},
          runtime, base, package, run);
  return name;
}

void RuntimeImages::install(const Addition& addition, const Runtime& runtime, const std::string& base,
                            const fs::path& package, const BuildRun& run) {
  Spool installed{settings_.work_folder};
  carry_out(addition.step, runtime, package, installed, addition.what, addition.hint, run);

  Spool layer{settings_.work_folder};
  TarWriter tar{layer.descriptor()};
  installed.rewind();
  if (installed.size() > 0) {
    TarReader reader{installed.descriptor(), settings_.installed};
    copy_entries(reader, tar, "function/");
  }
  tar.finish();
  put_on_top(base, layer, {.name = addition.name, .labels = {{kBuiltBy, settings_.installation.id}}}, run);
}

std::string RuntimeImages::put_on_top(const std::string& base, Spool& layer, const ImageChange& change,
                                      const BuildRun& run) {
  auto container = std::make_unique<BuilderContainer>(api_, settings_.installation, base, run.stop);
  container->upload(layer, run.stop);
  auto image = container->commit(change, run.deadline, run.stop);
  spent_.add(std::move(container));
  return image;
}

std::string built_folder(const Runtime& runtime) { return fs::path(runtime.build.folder).filename().string(); }

void RuntimeImages::build(const Runtime& runtime, const fs::path& package, Spool& built, const BuildRun& run) {
  carry_out(runtime.build, runtime, package, built, "building it with runtime " + runtime.name,
            "mend what is told above and deploy again", run);
  if (built.size() == 0) {
    throw domain::Error(Code::internal, Layer::engine,
                        "the build of runtime " + runtime.name + " left no folder " + runtime.build.folder,
                        "its template.yaml or its build command is at fault, not the function");
  }
}

void RuntimeImages::carry_out(const BuildStep& step, const Runtime& runtime, const fs::path& package, Spool& left,
                              const std::string& what, const std::string& hint, const BuildRun& run) {
  const std::string image = stage(runtime, "builder", run);
  Spool content{settings_.work_folder};
  TarWriter tar{content.descriptor()};
  TarReader reader{package, settings_.package};
  copy_entries(reader, tar, "function/");
  tar.finish();

  BuilderSpec spec{.image = image, .command = step.command};
  spec.env = settings_.proxies;
  spec.ca_bundle = settings_.ca_bundle.string();
  spec.cache_volume = cache_volume(settings_.installation, run.space);
  spec.memory = settings_.memory;
  spec.pids = settings_.pids;
  spec.network = build_network(settings_);
  BuilderContainer container{api_, settings_.installation, spec, run.stop};
  container.upload(content, run.stop);
  const auto ended = container.run(run.deadline, run.output, run.stop);
  if (ended.exit_code != 0) {
    domain::Fault fault{.code = Code::invalid, .layer = Layer::client, .message = {}};
    fault.message = what + " failed";
    fault.message += ended.out_of_memory ? ": it needs more than " + domain::to_string(settings_.memory) + " of memory"
                                         : " with exit code " + std::to_string(ended.exit_code);
    fault.detail = ended.last_lines;
    fault.hint = hint;
    throw domain::Error(fault);
  }
  container.download((fs::path("/function") / step.folder).string(), left, run.deadline, run.stop);
}

}  // namespace hearth::docker
