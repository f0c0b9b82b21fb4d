#include "cli/debugger.h"

#include "cli/suggestion.h"
#include "domain/error.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

namespace hearth::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kPackage = "/function";  // in the container

constexpr std::array kDebuggers{Debugger{.runtime = "node", .port = 9229, .type = "node"},
                                Debugger{.runtime = "python", .port = 5678, .type = "debugpy"}};

}  // namespace

const Debugger& debugger_of(const std::string& runtime) {
  const auto found = std::ranges::find(kDebuggers, runtime, &Debugger::runtime);
  if (found != kDebuggers.end()) return *found;
  std::vector<std::string> known;
  for (const auto& debugger : kDebuggers) known.emplace_back(debugger.runtime);
  throw domain::Error(domain::Code::invalid, domain::Layer::client,
                      (runtime.empty() ? "a function without a runtime" : "runtime " + runtime) +
                          " has no debugger that fn dev can open",
                      "those of the runtimes " + enumerate(known) + " can be: leave out --debug");
}

std::string launch_configuration(const Debugger& debugger, std::uint16_t port, const std::filesystem::path& folder) {
  ordered_json configuration{{"name", "fn dev"}, {"type", debugger.type}, {"request", "attach"}};
  const ordered_json place{{"host", "127.0.0.1"}, {"port", port}};
  const ordered_json roots{{"localRoot", folder.string()}, {"remoteRoot", kPackage}};
  if (debugger.type == "debugpy") {
    configuration["connect"] = place;
    configuration["pathMappings"] = ordered_json::array({roots});
  } else {
    configuration["address"] = place["host"];
    configuration["port"] = port;
    configuration.update(roots);
  }
  configuration["restart"] = true;
  return configuration.dump();
}

}  // namespace hearth::cli
