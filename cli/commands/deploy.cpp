#include "cli/commands/deploy.h"

#include "cli/deployment.h"
#include "cli/manifest.h"
#include "cli/progress.h"
#include "cli/views.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using nlohmann::json;

void answer(const Context& context, Client& client, const std::string& target, std::uint64_t number) {
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    terminal.show(client.get(target + "/revisions/" + std::to_string(number)));
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
    const Steps steps{.show = [&](std::string_view text) { progress.show(text); },
                      .note = [&](std::string_view text) { progress.note(text); }};
    const auto digest = upload_package(context, client, options.folder, spec, steps);
    if (!digest.empty()) body["package"] = digest;
    number = number_at(client.put(target, body), "number");
    const auto revision = std::to_string(number);
    progress.show("building revision " + revision);
    try {
      follow_build(client, target + "/revisions/" + revision, [&](std::string_view line) {
        if (options.verbose) progress.note(without_controls(line));
        progress.show("building: " + std::string(line));
      });
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
