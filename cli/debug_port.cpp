#include "cli/debug_port.h"

#include "cli/views.h"
#include "net/own_address.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;
using nlohmann::json;

constexpr std::chrono::hours kPatience{24};  // the longest that limits.timeout may be
constexpr domain::Bytes kMemoryOfDebugger = domain::mebibytes(128);
constexpr std::uint32_t kProcessesOfDebugger = 64;

// A replica's debugger is on the engine's bridge, which leads nowhere from other machines.
void refuse_other_machines(const Context& context) {
  if (net::is_own_address(net::host_of_url(context.api))) return;
  throw Error(Code::invalid, Layer::client,
              "--debug reaches a debugger on this machine alone, and hearthd at " + context.api + " is on another",
              "run fn dev --debug there, and lead your editor to its port by ssh -L");
}

std::uint16_t port_of(const Context& context, const std::string& asked, const std::string& runtime) {
  refuse_other_machines(context);
  const auto own = debugger_of(runtime).port;
  if (asked == "true") return own;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(asked.data(), asked.data() + asked.size(), port);
  if (error == std::errc{} && end == asked.data() + asked.size()) return port;
  throw Error(Code::invalid, Layer::client, "--debug=" + asked + " is no port",
              "it is a number up to 65535, or left out for the language's own");
}

}  // namespace

DebugPort::DebugPort(const Context& context, const std::string& asked, const std::string& runtime)
    : relay_(port_of(context, asked, runtime)) {}

void DebugPort::open_in(domain::FunctionSpec& spec) {
  debugger_of(spec.runtime);
  spec.debug = true;
  spec.scale.min = 1;
  spec.scale.max = 1;
  spec.limits.timeout = kPatience;
  spec.limits.memory.count += kMemoryOfDebugger.count;
  spec.limits.pids += kProcessesOfDebugger;
}

void DebugPort::follow(const json& status) {
  const json* newest = nullptr;
  for (const auto& replica : child_at(status, "replicas")) {
    const bool leaves = child_at(replica, "draining") == json(true) || child_at(replica, "stopping") == json(true);
    if (leaves || !child_at(replica, "debugger").is_object()) continue;
    if (newest == nullptr || number_at(replica, "revision") >= number_at(*newest, "revision")) newest = &replica;
  }
  if (newest == nullptr) return;
  const auto& debugger = child_at(*newest, "debugger");
  relay_.lead_to(text_at(debugger, "host"), static_cast<std::uint16_t>(number_at(debugger, "port")));
}

std::string DebugPort::told(const std::string& runtime, const std::filesystem::path& folder) const {
  const auto& debugger = debugger_of(runtime);
  return "debugger (" + std::string(debugger.type) + ") at 127.0.0.1:" + std::to_string(relay_.port()) +
         "; for launch.json: " + launch_configuration(debugger, relay_.port(), std::filesystem::canonical(folder));
}

}  // namespace hearth::cli
