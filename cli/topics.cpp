#include "cli/topics.h"

#include "cli/manifest_schema.h"

#include <algorithm>
#include <map>

namespace hearth::cli {
namespace {

// Each key with an example; those of later versions are left out.
std::vector<std::pair<std::string, std::string>> manifest_rows() {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& key : manifest_keys()) {
    if (std::holds_alternative<Later>(key.kind)) continue;
    const auto section = std::string(key.section);
    const auto path = section.empty() ? std::string(key.name) : section + "." + std::string(key.name);
    rows.emplace_back(path, std::string(key.help) + "; e.g. " + std::string(key.example));
  }
  std::ranges::stable_sort(rows, {}, [](const auto& row) { return row.first.substr(0, row.first.find('.')); });
  return rows;
}

Topic manifest_topic() {
  return {"fn-yaml",
          "fn.yaml: what a function's folder says of it",
          {{.text = "One file in the function's folder. Unknown keys are faults; sizes and times carry units. "
                    "`fn schema` prints its JSON Schema. Each key, with an example:"},
           {.rows = manifest_rows()},
           {.text = "`name` and exactly one of `runtime`, `image` and `build` are needed."}}};
}

Topic exit_topic() {
  return {"exit-codes",
          "What fn ends with",
          {{.rows = {{"0", "done; for `invoke`: the function answered with a status below 400"},
                     {"1", "the function failed"},
                     {"2", "the command line cannot be understood"},
                     {"3", "refused: a fault in fn.yaml, a failed build, no such function, no permission"},
                     {"4", "hearthd, its gateway or its engine is not reachable"},
                     {"5", "timed out"},
                     {"130, 141, 143", "interrupted; whoever read the output has left; ended by SIGTERM"}}}}};
}

Topic errors_topic() {
  return {
      "errors",
      "What an error says, and who is at fault",
      {{.text = "An error is one sentence on standard error, often with the end of a log and a hint to act on. With "
                "`--output json` or `yaml` it is a problem document (RFC 9457) whose `layer` names who is at fault:"},
       {.rows = {{"client", "the request, the command line or fn.yaml"},
                 {"gateway", "hearthd itself"},
                 {"engine", "Docker"},
                 {"function", "the function's own code or image"},
                 {"limit", "a limit that was set: memory, time, size, number"}}},
       {.text = "Its `code` says what to do:"},
       {.rows = {{"invalid", "it cannot be read: change how it is written"},
                 {"unprocessable", "it breaks a rule: change what it says"},
                 {"denied", "another token"},
                 {"not_found", "another name"},
                 {"conflict", "something else is in the way: look, then decide"},
                 {"stale", "it was changed meanwhile: read it again, then decide"},
                 {"overloaded", "later, after `Retry-After`"},
                 {"full", "the disk has no room: free some"},
                 {"unavailable", "what is needed does not answer"},
                 {"timeout", "it took too long"},
                 {"internal", "a fault of the platform or the function; its log says more"}}}}};
}

Topic contexts_topic() {
  return {
      "contexts",
      "Several controllers",
      {{.text = "Without configuration fn works with the hearthd of this machine. `fn config` gives other controllers "
                "names, in ~/.config/hearth/contexts.json (mode 0600), which holds the paths of token files, never a "
                "token."},
       {.code = "fn config add prod --api https://hearth.example.org:8081 --token-file ~/prod.token\n"
                "fn config use prod\n"
                "fn list --context local"},
       {.text = "What is said first counts: `--api` or `--context`, then HEARTH_API, then HEARTH_CONTEXT, then what "
                "`fn config use` chose. `local` is this machine's own. `fn up` and `fn down` always are of this "
                "machine. https addresses are checked against the system's authorities, or those of `--ca-file`. A "
                "token that was found on this machine is sent to this machine alone, and that of a context to its own "
                "controller."}}};
}

Topic output_topic() {
  return {
      "output",
      "What fn prints, and where",
      {{.text = "Answers go to standard output, everything else to standard error. Nothing ever asks a question. "
                "Colours and progress are for terminals, and not with `NO_COLOR`. `--output json` and `yaml` print the "
                "API's documents; what goes on (`--watch`, `-f`) prints a line of JSON or a YAML document each."}}};
}

Topic runtimes_topic() {
  return {"runtimes",
          "What a function can be written in",
          {{.text = "A runtime is a folder of templates: a base image with a bootstrap, and a starter that `fn init` "
                    "copies. `docker` is any Dockerfile or image that listens on `$PORT`."},
           {.code = "fn init hello --runtime python\nfn completion bash   # then: fn init hello --runtime <Tab>"}}};
}

Topic environment_topic() {
  return {"environment",
          "The variables that fn reads",
          {{.rows = {
                {"HEARTH_API", "where hearthd answers; 127.0.0.1:8081"},
                {"HEARTH_CONTEXT", "the context to work with (fn help contexts)"},
                {"HEARTH_GATEWAY",
                 "where functions answer: `fn invoke` then needs no token; not with `--api` or `--context`"},
                {"HEARTH_NAMESPACE", "instead of default; `--namespace` goes before it"},
                {"HEARTH_TOKEN",
                 "the token; `--token-file` goes before it, the context's file after; for this machine's own "
                 "hearthd else $HEARTH_CONFIG_DIR/token where that is set, else "
                 "~/.config/hearth/token, /etc/hearth/token"},
                {"HEARTH_CONFIG_DIR, HEARTH_STATE_DIR, HEARTH_RUN_DIR", "hearthd's folders, for `fn up` and `fn down`"},
                {"HEARTHD, HEARTH_TEMPLATES", "the program and the runtimes, where they are not found beside fn"},
                {"NO_COLOR", "where it is set, nothing is coloured"}}}}};
}

}  // namespace

std::vector<Topic> topics() {
  return {manifest_topic(), runtimes_topic(), contexts_topic(),   output_topic(),
          errors_topic(),   exit_topic(),     environment_topic()};
}

}  // namespace hearth::cli
