#include "cli/commands/deploy.h"

#include "cli/build_output.h"
#include "cli/manifest.h"
#include "cli/package.h"
#include "cli/problem.h"
#include "cli/progress.h"
#include "cli/views.h"

#include <algorithm>
#include <memory>
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

// The digest of the uploaded package; empty for a spec that names an image.
std::string upload(const Context& context, Client& client, const DeployOptions& options, const FunctionSpec& spec,
                   Progress& progress) {
  if (!spec.image.empty()) return {};
  progress.show("packing " + options.folder.string());
  const auto entries = scan_folder(options.folder, ignore_rules(options.folder, spec.build));
  check_named_files(options.folder, spec, entries);
  const auto package = pack(options.folder, entries, kPackageLimit, context.stop);
  const auto size = size_text(package.size);
  if (client.has_package(context.space, package.digest)) {
    progress.note("package unchanged (" + std::to_string(package.files) + " files, " + size + ")");
    return package.digest;
  }
  client.upload(context.space, package.digest, package.tar.path(), package.size,
                [&](std::uint64_t sent) { progress.show("uploading " + size_text(sent) + " of " + size); });
  progress.note("uploaded " + std::to_string(package.files) + " files, " + size);
  return package.digest;
}

// Why the build failed, with what it wrote last where the server's reason has no log of its own.
[[noreturn]] void fail_build(const json& event, const BuildOutput& output) {
  Fault fault = fault_at(event, "problem")
                    .value_or(Fault{.code = Code::internal, .message = "the build failed without a reason"});
  if (fault.detail.empty()) fault.detail = output.last_lines();
  throw Error(std::move(fault));
}

void follow_build(Client& client, const std::string& revision, const DeployOptions& options, Progress& progress) {
  BuildOutput output;
  bool settled = false;
  client.follow(revision + "/build", [&](const json& event) {
    const auto type = text_at(event, "type");
    if (type == "output") {
      output.write(text_at(event, "text"), [&](std::string_view line) {
        if (options.verbose) progress.note(without_controls(line));
        progress.show("building: " + std::string(line));
      });
    }
    if (type == "failed") fail_build(event, output);
    settled = type == "done";
    return !settled;
  });
  if (!settled) {
    throw Error(Code::unavailable, Layer::gateway, "hearthd ended the build's output before the build",
                "look at it with: fn get");
  }
}

void answer(const Context& context, Client& client, const std::string& target, std::uint64_t number) {
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    terminal.print(shown(client.get(target + "/revisions/" + std::to_string(number))));
    return;
  }
  const auto function = client.get(target);
  terminal.print(text_at(function, "url") + "\n");
  for (const auto& route : route_lines(function)) terminal.print(terminal.tame(route) + "\n");
}

}  // namespace

int deploy(const Context& context, const DeployOptions& options) {
  auto spec = read_manifest(options.folder);
  spec.name.space = context.space;
  auto client = context.client();
  const auto target = path_of(spec.name);
  std::uint64_t number = 0;
  {
    Progress progress(context.terminal, "deploying " + to_string(spec.name));
    json body{{"spec", spec_document(spec)}};
    if (const auto digest = upload(context, client, options, spec, progress); !digest.empty()) body["package"] = digest;
    number = number_at(client.put(target, body), "number");
    const auto revision = std::to_string(number);
    progress.show("building revision " + revision);
    try {
      follow_build(client, target + "/revisions/" + revision, options, progress);
    } catch (const Error& error) {
      if (error.fault().code == Code::cancelled) {
        progress.note("revision " + revision + " goes on building; fn get " + to_string(spec.name) + " shows it");
      }
      throw;
    }
    progress.note("deployed " + to_string(spec.name) + ", revision " + revision);
  }
  answer(context, client, target, number);
  return 0;
}

Verb deploy_verb() {
  const auto options = std::make_shared<DeployOptions>();
  return {.name = "deploy",
          .summary = "Build a folder's function and put it to work",
          .examples = "fn deploy\nfn deploy functions/hello --verbose\nfn deploy --output json",
          .options = {{.names = "FOLDER",
                       .target = &options->folder,
                       .help = "the folder of fn.yaml, here by default",
                       .completes = Completes::folders},
                      {.names = "-v,--verbose", .target = &options->verbose, .help = "show all of the build's output"}},
          .run = [options](const Context& context) { return deploy(context, *options); }};
}

}  // namespace hearth::cli
