#include "engines/docker/builder.h"

#include "engines/docker/builder_container.h"
#include "engines/docker/cell_codec.h"
#include "engines/docker/container_runtimes.h"
#include "engines/docker/ignore.h"

#include <algorithm>

namespace hearth::docker {

using domain::Code;
using domain::Layer;
using domain::Revision;

// What is to become /function: the package as it came, or what its runtime's build made of it.
struct Builder::Content {
  const Runtime& runtime;
  const std::string& package;
  std::optional<Spool> built;
  bool amends = false;  // it brings files to where dependencies are
};

namespace {

constexpr const char* kContentName = "content:";  // and the digest of what was put together

void say(const BuildRun& run, const std::string& line) {
  if (run.output) run.output(line + "\n");
}

[[noreturn]] void refuse(std::string message, std::string hint) {
  throw domain::Error(Code::invalid, Layer::client, std::move(message), std::move(hint));
}

// Refuses a handler that the runtime makes nothing of, or whose file the package does not have.
void check_handler(const Runtime& runtime, const std::string& given, const PackageIndex& index) {
  const std::string& handler = given.empty() ? runtime.handler : given;
  if (runtime.handler_form == HandlerForm::none) {
    if (!given.empty()) refuse("handler: runtime " + runtime.name + " has none", "leave handler out of fn.yaml");
    return;
  }
  const bool names_function = runtime.handler_form == HandlerForm::function;
  const bool is_file = runtime.handler_form == HandlerForm::file;
  const std::string form = names_function ? "FILE:FUNCTION" : is_file ? "FILE" : "FILE or FILE:EXPORT";
  const auto colon = is_file ? handler.npos : handler.rfind(':');
  const bool lacks_function = colon == handler.npos ? names_function : colon + 1 == handler.size();
  if (handler.empty() || colon == 0 || lacks_function) {
    refuse("handler: runtime " + runtime.name + " wants " + form + (handler.empty() ? "" : ", not " + handler),
           runtime.handler.empty() ? "" : "write it like handler: " + runtime.handler);
  }
  const std::string file = handler.substr(0, colon);
  if (!index.has(file)) {
    refuse("handler: the package has no file " + file, index.describe() + "; handler is " + form);
  }
}

// The texts of those of the runtime's dependencies files that the package has.
std::string asked_for(const Runtime& runtime, const PackageIndex& index) {
  std::string asked;
  for (const auto& file : runtime.dependencies_files) {
    const auto found = index.contents.find(file);
    if (found != index.contents.end()) {
      asked += found->second + "\n";
    } else if (index.has(file)) {
      refuse(file + " is not a plain file", "");
    }
  }
  return asked;
}

bool asks_for_some(const Runtime& runtime, const PackageIndex& index) {
  if (runtime.dependencies_files.empty() || !index.has(runtime.dependencies_files.front())) return false;
  const auto& words = runtime.dependencies_when;
  const auto first = index.contents.find(runtime.dependencies_files.front());
  if (words.empty() || first == index.contents.end()) return true;
  return std::ranges::any_of(words, [&](const auto& word) { return first->second.find(word) != std::string::npos; });
}

bool amends_dependencies(const Runtime& runtime, const PackageIndex& index) {
  const std::string folder = runtime.dependencies.folder + "/";
  return std::ranges::any_of(index.files, [&](const std::string& file) { return file.starts_with(folder); });
}

bool is_built(const Runtime& runtime, const PackageIndex& index) {
  if (runtime.build.command.empty() || runtime.builds.empty()) return !runtime.build.command.empty();
  const IgnoreRules pattern{runtime.builds};
  return std::ranges::any_of(index.files, [&](const std::string& file) { return pattern.ignores(file); });
}

}  // namespace

Builder::Builder(Api& api, BuildSettings settings, SpentContainers& spent)
    : api_(api),
      settings_(std::move(settings)),
      images_(api),
      networks_(api, settings_.installation),
      runtimes_(api, settings_, spent),
      spent_(spent) {}

Builder::~Builder() { spent_.await_none(); }  // they are removed by `api_`

std::string Builder::build(const Revision& revision, const std::string& package, const ports::BuildOutput& output,
                           std::stop_token stop) {
  const Deadline deadline{settings_.timeout};
  try {
    return build_any(
        revision, package,
        {.space = revision.function.space, .deadline = deadline, .output = output, .stop = std::move(stop)});
  } catch (const domain::Error& error) {
    if (error.fault().code != Code::timeout || !deadline.passed()) throw;
    throw domain::Error(Code::timeout, Layer::limit,
                        "the build took longer than " + domain::to_string(settings_.timeout) + " and was ended",
                        "make it do less, or raise the limit on builds");
  }
}

std::string Builder::build_any(const Revision& revision, const std::string& package, const BuildRun& run) {
  check_container_runtime(api_, revision.spec.container_runtime, run.stop);
  if (!revision.spec.image.empty()) return of_image(revision, run);
  networks_.doubt();  // it may have been removed since the last build
  if (settings_.own_network) networks_.ensure(NetworkKind::open);
  if (!revision.spec.build.empty()) return of_dockerfile(revision, package, run);
  return of_runtime(revision, package, run);
}

std::string Builder::of_runtime(const Revision& revision, const std::string& package, const BuildRun& run) {
  const Runtime& runtime = runtime_of(revision);
  const auto& files = runtime.dependencies_files;
  const auto index = look_through(package, {files.begin(), files.end()}, settings_.package);
  check_handler(runtime, revision.spec.handler, index);
  if (revision.spec.debug) check_debugger(runtime);
  Content content{
      .runtime = runtime, .package = package, .built = std::nullopt, .amends = amends_dependencies(runtime, index)};
  if (is_built(runtime, index)) {
    content.built.emplace(settings_.work_folder);
    runtimes_.build(runtime, package, *content.built, run);
  }
  const auto asked = asks_for_some(runtime, index) ? std::optional{asked_for(runtime, index)} : std::nullopt;
  for (bool again = false;; again = true) {
    std::map<std::string, std::string> layers;
    try {
      auto base = runtimes_.run_image(runtime, run);
      const CellRecipe recipe{.runtime = runtime.name,
                              .image = base,
                              .command = runtime.cell,
                              .handler = runtime.handler,
                              .compilation = runtime.compilation};
      if (revision.spec.debug && !runtime.debugger->command.empty()) {
        layers[kDebugger] = base = runtimes_.with_debugger(runtime, base, package, run);
      }
      if (asked) {
        layers[kDependencies] = base =
            runtimes_.with_dependencies(runtime, base, package, revision.package, *asked, run);
      }
      auto labels = layers;
      if (!runtime.cell.empty()) labels[kRecipeLabel] = write_recipe(recipe);
      return on_top_of(base, std::move(labels), revision, content, run);
    } catch (const domain::Error&) {
      // The last revision that used the same ones may have been discarded, and they with it, just now.
      const auto gone = [&](const auto& layer) { return !images_.find(layer.second); };
      if (again || std::ranges::none_of(layers, gone)) throw;
    }
  }
}

std::string Builder::on_top_of(const std::string& base, std::map<std::string, std::string> labels,
                               const Revision& revision, Content& content, const BuildRun& run) {
  labels[kBuiltBy] = settings_.installation.id;
  Spool layer{settings_.work_folder};
  TarWriter tar{layer.descriptor()};
  if (content.built) {
    content.built->rewind();
    TarReader reader{content.built->descriptor(), settings_.built};
    move_entries(reader, tar, built_folder(content.runtime), "function");
  } else {
    TarReader reader{content.package, settings_.package};
    copy_entries(reader, tar, "function/");
  }
  const std::string& compiled = content.runtime.dependencies_compiled;
  if (content.amends && !compiled.empty()) tar.add_file("function/" + compiled, "");
  tar.finish();
  ImageChange change{.name = name_of(revision), .labels = std::move(labels)};
  if (!content.runtime.handler.empty()) change.env["HEARTH_HANDLER"] = content.runtime.handler;
  return with_layer(base, layer, std::move(change), run);
}

std::string Builder::with_layer(const std::string& base, Spool& layer, ImageChange change, const BuildRun& run) {
  // Only we give names under this one, so what has it is what it says; a label could be anybody's.
  const std::string made_of = base + "\n" + write_map(change.env) + write_map(change.labels) + hex_digest(layer);
  const std::string content = ours() + kContentName + hex_digest(made_of);
  if (const auto image = images_.find(content, run.stop)) {
    try {
      images_.tag(image->id, change.name);
      say(run, "The same as before");
      return image->id;
    } catch (const domain::Error& error) {
      if (error.fault().code != Code::not_found) throw;  // else its last revision was discarded just now
    }
  }
  say(run, "Putting it on top of " + base);
  change.labels[kContent] = content;
  auto made = runtimes_.put_on_top(base, layer, change, run);
  images_.tag(made, content);
  return made;
}

std::string Builder::of_dockerfile(const Revision& revision, const std::string& package, const BuildRun& run) {
  const auto dockerfile = clean_path(revision.spec.build);
  if (!dockerfile) refuse("build: " + revision.spec.build + " leads out of the package", "name a file in it");
  const auto index = look_through(package, {".dockerignore"}, settings_.package);
  if (!index.has(*dockerfile)) refuse("build: the package has no file " + *dockerfile, index.describe());
  const auto ignored = index.contents.find(".dockerignore");
  const IgnoreRules rules{ignored == index.contents.end() ? std::string_view{} : ignored->second};
  Spool context{settings_.work_folder};
  TarWriter tar{context.descriptor()};
  TarReader reader{package, settings_.package};
  copy_entries(reader, tar, "", [&](const std::string& path) { return path == *dockerfile || !rules.ignores(path); });
  tar.finish();
  return images_.build({.context = context,
                        .tag = name_of(revision),
                        .dockerfile = *dockerfile,
                        .args = settings_.proxies,
                        .labels = {{kBuiltBy, settings_.installation.id}},
                        .memory = settings_.memory,
                        .network = build_network(settings_)},
                       run.deadline, run.output, run.stop);
}

std::string Builder::of_image(const Revision& revision, const BuildRun& run) {
  const std::string& name = revision.spec.image;
  // What a digest names never changes, so it is fetched only where it is missing; a tag is asked for again.
  const bool fixed = name.find('@') != name.npos || name.starts_with("sha256:");
  std::string why;
  auto image = fixed ? images_.find(name, run.stop) : std::nullopt;
  if (!image && !name.starts_with("sha256:")) {
    const auto pulled = images_.pull(name, run.deadline, run.output, run.stop);
    if (const auto* failed = std::get_if<NotPulled>(&pulled)) why = failed->why;
    image = images_.find(name, run.stop);
    if (image && !why.empty() && run.output) run.output("Not pulled (" + why + "): the image that is here is used\n");
  }
  if (!image) {
    refuse("image: " + name + " is not in Docker" + (why.empty() ? "" : " and cannot be pulled: " + why),
           "check its name, or `docker load` it");
  }
  images_.tag(image->id, name_of(revision));
  return image->id;
}

void Builder::check_debugger(const Runtime& runtime) const {
  if (!undebuggable_.empty()) {
    refuse("debug: other machines could reach the debugger: " + undebuggable_,
           "run hearthd as root on a machine with nftables: it closes functions' networks to them");
  }
  if (runtime.debugger) return;
  std::string known;
  for (const auto& other : settings_.runtimes) {
    if (other.debugger) known += (known.empty() ? "" : ", ") + other.name;
  }
  refuse("debug: runtime " + runtime.name + " has no debugger", "those that have one: " + known);
}

void Builder::discard(const Revision& revision) {
  const std::string name = name_of(revision);
  const auto image = images_.find(name);
  if (!image) return;
  spent_.await_none();
  images_.untag(name);
  // The content's own name first: while it stands, it keeps what lies below.
  for (const auto& [label, kind] : {std::pair{kContent, kContentName}, std::pair{kDependencies, "dependencies-"},
                                    std::pair{kDebugger, "debugger-"}}) {
    const auto layer = image->labels.find(label);
    // A label of a foreign image may say anything: only names of ours are taken away.
    if (layer == image->labels.end() || !layer->second.starts_with(ours() + kind)) continue;
    auto users = images_.list(std::string(label) + "=" + layer->second);
    std::erase(users, layer->second);
    if (users.empty()) images_.untag(layer->second);
  }
}

const Runtime& Builder::runtime_of(const Revision& revision) const {
  const auto found = std::ranges::find(settings_.runtimes, revision.spec.runtime, &Runtime::name);
  if (found != settings_.runtimes.end()) return *found;
  std::string known;
  for (const auto& runtime : settings_.runtimes) known += (known.empty() ? "" : ", ") + runtime.name;
  refuse("runtime: there is no runtime " + revision.spec.runtime, "there is " + known + "; or use image or build");
}

std::string Builder::ours() const { return "hearth-" + settings_.installation.id + "/"; }

std::string Builder::name_of(const Revision& revision) const {
  return ours() + revision.function.space + "/" + revision.function.name + ":" + std::to_string(revision.number);
}

}  // namespace hearth::docker
