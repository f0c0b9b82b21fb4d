#include "runtimes.h"

#include "domain/error.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace hearth {
namespace {

namespace fs = std::filesystem;

docker::HandlerForm read_form(const YAML::Node& form) {
  const auto word = form.as<std::string>();
  if (word == "file") return docker::HandlerForm::file;
  if (word == "function") return docker::HandlerForm::function;
  if (word == "module") return docker::HandlerForm::module;
  throw YAML::Exception(form.Mark(), "form is file, function or module; where there is no handler, leave it out");
}

std::uint32_t read_concurrency(const YAML::Node& node) {
  const auto concurrency = node.as<std::uint32_t>();
  if (concurrency >= 1 && concurrency <= 1000) return concurrency;
  throw YAML::Exception(node.Mark(), "concurrency is from 1 to 1000");
}

docker::BuildStep read_step(const YAML::Node& step) {
  return {.command = step["command"].as<std::vector<std::string>>(), .folder = step["folder"].as<std::string>()};
}

// Beside the program, its prefix's libexec, the build tree around it.
fs::path find_launcher() {
  const auto program = fs::read_symlink("/proc/self/exe").parent_path();
  for (const auto& file : {program / "launch", program / "../libexec/hearth/launch", program / "launcher/launch",
                           program / "../../controller/launcher/launch"}) {
    if (fs::is_regular_file(file)) return fs::canonical(file);
  }
  throw domain::Error{domain::Code::internal, domain::Layer::client,
                      "the program `launch`, which cells run, is not where this program's installation has it",
                      "install Hearth again, or `./dev build`"};
}

void read_cell(const YAML::Node& cell, docker::Runtime& runtime) {
  runtime.cell = cell["command"].as<std::vector<std::string>>();
  if (runtime.cell.empty()) {
    throw YAML::Exception(cell["command"].Mark(), "it names no program; where there are no cells, leave `cell` out");
  }
  if (const auto compile = cell["compile"]) {
    runtime.compilation = {.command = compile["command"].as<std::vector<std::string>>(),
                           .files = compile["files"].as<std::string>(),
                           .folder = compile["folder"].as<std::string>()};
  }
  if (cell["launcher"].as<bool>(false)) runtime.launcher = find_launcher();
}

docker::Runtime read_runtime(const fs::path& folder, const YAML::Node& root) {
  docker::Runtime runtime{.name = root["name"].as<std::string>(), .folder = folder, .bases = {}};
  for (const auto& base : root["bases"]) runtime.bases.push_back(base["image"].as<std::string>());
  runtime.on = root["on"].as<std::string>("");
  if (const auto concurrency = root["concurrency"]) runtime.concurrency = read_concurrency(concurrency);
  if (const auto handler = root["handler"]) {
    runtime.handler_form = read_form(handler["form"]);
    runtime.handler = handler["default"].as<std::string>("");
  }
  if (const auto dependencies = root["dependencies"]) {
    runtime.dependencies_files = dependencies["files"].as<std::vector<std::string>>();
    if (runtime.dependencies_files.empty()) throw YAML::Exception(dependencies["files"].Mark(), "it names no file");
    if (const auto when = dependencies["when"]) runtime.dependencies_when = when.as<std::vector<std::string>>();
    runtime.dependencies = read_step(dependencies);
    runtime.dependencies_compiled = dependencies["compiled"].as<std::string>("");
  }
  if (const auto build = root["build"]) {
    runtime.build = read_step(build);
    runtime.builds = build["when"].as<std::string>("");
  }
  if (const auto debugger = root["debugger"]) {
    runtime.debugger = debugger["command"] ? read_step(debugger) : docker::BuildStep{};
  }
  if (const auto cell = root["cell"]) read_cell(cell, runtime);
  return runtime;
}

}  // namespace

std::vector<docker::Runtime> read_runtimes(const fs::path& templates) {
  std::vector<docker::Runtime> runtimes;
  std::error_code none;
  for (const auto& folder : fs::directory_iterator{templates, none}) {
    const auto file = folder.path() / "template.yaml";
    if (!fs::exists(file)) continue;
    try {
      const auto root = YAML::LoadFile(file);
      if (root["bases"]) runtimes.push_back(read_runtime(folder.path(), root));
    } catch (const YAML::Exception& error) {
      throw domain::Error{domain::Code::invalid, domain::Layer::client,
                          file.string() + ":" + std::to_string(error.mark.line + 1) + ":" +
                              std::to_string(error.mark.column + 1) + ": " + error.msg};
    }
  }
  std::ranges::sort(runtimes, {}, &docker::Runtime::name);
  return runtimes;
}

}  // namespace hearth
