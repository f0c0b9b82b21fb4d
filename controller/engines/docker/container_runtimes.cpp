#include "engines/docker/container_runtimes.h"

#include "engines/docker/json_read.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hearth::docker {

std::vector<std::string> read_container_runtimes(const nlohmann::json& info) {
  std::vector<std::string> names;
  // "io.containerd.runc.v2" and its like are Docker's own other names for runc.
  for (const auto& [name, about] : object(info, "Runtimes").items()) {
    if (!name.starts_with("io.containerd.")) names.push_back(name);
  }
  return names;
}

void check_container_runtime(Api& api, const std::string& name, std::stop_token stop) {
  if (name.empty() || name.starts_with("io.containerd.")) return;  // a shim is looked for when it is used
  const auto known = read_container_runtimes(api.get({.path = "/info", .attempt = "describe itself"}, std::move(stop)));
  if (std::ranges::find(known, name) != known.end()) return;
  std::string names;
  for (const auto& one : known) names += (names.empty() ? "" : ", ") + one;
  throw domain::Error(domain::Code::invalid, domain::Layer::client,
                      "container_runtime: Docker has no runtime " + name + "; it has " + names,
                      "register it under \"runtimes\" in Docker's daemon.json and reload Docker, or name another");
}

}  // namespace hearth::docker
