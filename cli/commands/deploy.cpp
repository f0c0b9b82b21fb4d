#include "cli/commands/deploy.h"

#include "cli/deployment.h"
#include "cli/manifest.h"
#include "cli/progress.h"
#include "cli/views.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using nlohmann::json;

BuildSteps shown_by(Progress& progress, bool verbose) {
  return {.on_line =
              [&progress, verbose](std::string_view line) {
                if (verbose) progress.note(without_controls(line));
                progress.show("building: " + std::string(line));
              },
          .on_built = [&progress] { progress.show("starting its first replica"); },
          .on_away = [&progress] { progress.show("waiting for hearthd"); }};
}

// The function as it is; null where there is none.
json look(Client& client, const std::string& target) {
  try {
    return client.get(target);
  } catch (const Error& error) {
    if (error.fault().code != Code::not_found) throw;
    return nullptr;
  }
}

Client::Header unchanged(const json& function) {
  if (function.is_null()) return {"If-None-Match", "*"};
  return {"If-Match", "\"" + std::to_string(number_at(function, "version")) + "\""};
}

// Puts the spec where nobody deployed or rolled back since `seen`. That what was deployed before has come to serve is
// no such change.
std::uint64_t put(Client& client, const std::string& target, const json& body, json seen,
                  const DeployOptions& options) {
  if (options.force) return number_at(client.put(target, body), "number");
  const auto latest = number_at(seen, "latest");
  for (;;) {
    try {
      return number_at(client.put(target, body, unchanged(seen)), "number");
    } catch (const Error& error) {
      if (error.fault().code != Code::stale) throw;
      const auto active = number_at(seen, "active");
      seen = look(client, target);
      if (number_at(seen, "latest") == latest && number_at(seen, "active") > active) continue;
      auto fault = error.fault();
      fault.message = "another deploy or rollback came between: " + fault.message;
      fault.hint = "see what serves with fn revisions; fn deploy --force puts yours over it";
      throw Error(std::move(fault));
    }
  }
}

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
    check_folder(options.folder, spec);
    const auto seen = look(client, target);
    json body{{"spec", spec_document(spec)}};
    if (options.no_verify) body["verify"] = false;
    const Steps steps{.show = [&](std::string_view text) { progress.show(text); },
                      .note = [&](std::string_view text) { progress.note(text); }};
    const auto digest = upload_package(context, client, options.folder, spec, steps);
    if (!digest.empty()) body["package"] = digest;
    number = put(client, target, body, seen, options);
    const auto revision = std::to_string(number);
    const auto goes_on = "revision " + revision + " goes on; fn revisions " + to_string(spec.name) + " shows it";
    progress.show("building revision " + revision);
    try {
      const auto built = target + "/revisions/" + revision;
      if (!options.no_wait) follow_build(context, client, built, shown_by(progress, options.verbose));
    } catch (const Error& error) {
      if (error.fault().code == Code::cancelled) progress.note(goes_on);
      if (const auto active = number_at(seen, "active"); active != 0 && error.fault().code != Code::cancelled) {
        progress.note("revision " + revision + " does not serve; revision " + std::to_string(active) + " still does");
      }
      throw;
    }
    progress.note(options.no_wait ? goes_on : "deployed " + to_string(spec.name) + ", revision " + revision);
  }
  answer(context, client, target, number);
  return 0;
}

Verb deploy_verb() {
  const auto options = std::make_shared<DeployOptions>();
  return {.name = "deploy",
          .summary = "Build a folder's function and put it to work",
          .examples = "fn deploy\nfn deploy functions/hello --verbose\nfn deploy --no-wait\nfn deploy --output json",
          .options = {{.names = "FOLDER",
                       .target = &options->folder,
                       .help = "the folder of fn.yaml, here by default",
                       .completes = Completes::folders},
                      {.names = "-v,--verbose", .target = &options->verbose, .help = "show all of the build's output"},
                      {.names = "--no-wait",
                       .target = &options->no_wait,
                       .help = "return as soon as hearthd has it; it goes on by itself"},
                      {.names = "--no-verify",
                       .target = &options->no_verify,
                       .help = "have it serve without starting a replica first"},
                      {.names = "--force",
                       .target = &options->force,
                       .help = "also over a deploy or rollback that came between"}},
          .run = [options](const Context& context) { return deploy(context, *options); },
          .notes = "It serves once one replica of it is warm; what does not start leaves the revision that serves."};
}

}  // namespace hearth::cli
