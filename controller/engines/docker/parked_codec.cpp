#include "engines/docker/parked_codec.h"

#include "domain/replica.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace hearth::docker {

using nlohmann::json;

std::string parked_name(const Installation& installation, std::uint64_t number) {
  return "hearth-" + installation.id.substr(0, 8) + "_parked-" + domain::format_replica(number);
}

json parked_body(const Installation& installation, const std::string& name, const std::string& image,
                 NetworkKind kind) {
  const auto network = network_name(installation, kind);
  constexpr auto kMemory = domain::mebibytes(32).count;  // it takes a fraction; runc needs some to start it
  json host{{"NetworkMode", network},
            {"Dns", name_servers(kind)},
            {"Memory", kMemory},
            {"MemorySwap", kMemory},
            {"PidsLimit", 4},
            {"Init", false},
            {"LogConfig", {{"Type", "none"}, {"Config", json::object()}}}};
  host.update(hardening());
  return {{"Image", image},
          {"User", user_and_group(ports::kReplicaUser)},
          {"Labels", proof(installation, name)},
          {"Healthcheck", {{"Test", {"NONE"}}}},
          {"StopSignal", "SIGTERM"},
          {"HostConfig", std::move(host)},
          {"NetworkingConfig", {{"EndpointsConfig", {{network, json::object()}}}}}};
}

}  // namespace hearth::docker
