#include "cli/deployment.h"

#include "cli/manifest.h"
#include "cli/package.h"
#include "cli/problem.h"
#include "cli/views.h"
#include "net/pause.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Error;
using domain::Fault;
using domain::FunctionSpec;
using domain::Layer;
using nlohmann::json;

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  return bytes < (1 << 20) ? std::to_string(bytes >> 10) + " KiB" : std::to_string(bytes >> 20) + " MiB";
}

// A file that the spec names and the package lacks is told here, before anything is sent.
void check_named_files(const fs::path& folder, const FunctionSpec& spec, const std::vector<Entry>& entries) {
  const auto wanted = !spec.build.empty() ? spec.build : spec.handler.substr(0, spec.handler.rfind(':'));
  if (wanted.empty()) return;
  const auto path = fs::path(wanted).lexically_normal().generic_string();
  if (std::ranges::find(entries, path, &Entry::path) != entries.end()) return;
  const bool ignored = fs::exists(folder / path) && !path.starts_with("..");
  throw Error(Code::invalid, Layer::client,
              (folder / kManifestFile).lexically_normal().string() + " names " + wanted +
                  (ignored ? ", which .fnignore leaves out" : ", which is not in the folder"),
              ignored ? "" : "it is meant from the folder of fn.yaml");
}

// Why it failed, with what its build wrote last where the server's reason has no log of its own.
Fault failure(const json& event, const BuildOutput& output) {
  Fault fault = fault_at(event, "problem")
                    .value_or(Fault{.code = Code::internal, .message = "the deploy failed without a reason"});
  if (fault.detail.empty()) fault.detail = output.last_lines();
  return fault;
}

struct Told {
  bool anything = false;
  bool done = false;
  std::optional<Fault> failed;
};

// One stream of events, until it says how it ended or breaks off.
Told follow_once(Client& client, const std::string& target, const BuildSteps& steps) {
  BuildOutput output;
  Told told;
  try {
    client.follow(target + "/build", [&](const json& event) {
      const auto type = text_at(event, "type");
      told.anything = true;
      if (type == "output") output.write(text_at(event, "text"), steps.on_line);
      if (type == "built") steps.on_built();
      if (type == "failed") told.failed = failure(event, output);
      told.done = type == "done";
      return !told.done && !told.failed;
    });
  } catch (const Error& error) {
    if (error.fault().code != Code::unavailable) throw;
  }
  return told;
}

}  // namespace

void check_folder(const fs::path& folder, const FunctionSpec& spec) {
  if (spec.image.empty()) check_named_files(folder, spec, scan_folder(folder, ignore_rules(folder, spec.build)));
}

std::string upload_package(const Context& context, Client& client, const fs::path& folder, const FunctionSpec& spec,
                           const Steps& steps) {
  if (!spec.image.empty()) return {};
  steps.show("packing " + folder.string());
  const auto entries = scan_folder(folder, ignore_rules(folder, spec.build));
  check_named_files(folder, spec, entries);
  const auto package = pack(folder, entries, kPackageLimit, context.stop);
  const auto size = size_text(package.size);
  if (client.has_package(context.space, package.digest)) {
    steps.note("package unchanged (" + std::to_string(package.files) + " files, " + size + ")");
    return package.digest;
  }
  client.upload(context.space, package.digest, package.tar.path(), package.size,
                [&](std::uint64_t sent) { steps.show("uploading " + size_text(sent) + " of " + size); });
  steps.note("uploaded " + std::to_string(package.files) + " files, " + size);
  return package.digest;
}

void follow_build(const Context& context, Client& client, const std::string& target, const BuildSteps& steps,
                  std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kBetween{200};
  using std::chrono::steady_clock;
  auto deadline = steady_clock::now() + patience;
  for (;;) {
    auto told = follow_once(client, target, steps);
    if (told.failed) throw Error(std::move(*told.failed));
    if (told.done) return;
    if (told.anything) deadline = steady_clock::now() + patience;
    if (steady_clock::now() >= deadline) {
      throw Error(Code::unavailable, Layer::gateway, "hearthd went away before the deploy was decided",
                  "look at it with: fn get");
    }
    steps.on_away();
    net::pause(steady_clock::now() + kBetween, context.stop);
  }
}

}  // namespace hearth::cli
