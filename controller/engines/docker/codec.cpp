#include "engines/docker/codec.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace hearth::docker {

using domain::Bytes;
using nlohmann::json;
using ports::ReplicaSpec;

namespace {

constexpr const char* kSocketFolder = "/run/hearth";
constexpr Bytes kSharedMemory = domain::mebibytes(64);

std::string short_id(const Installation& installation) { return installation.id.substr(0, 8); }

json environment(const ReplicaSpec& spec) {
  json list = json::array();
  for (const auto& [name, value] : environment_of(spec)) list.push_back(name + "=" + value);
  return list;
}

json labels(const ReplicaSpec& spec, const Installation& installation) {
  auto all = proof(installation, container_name(installation, spec));
  all["dev.hearth.replica"] = domain::format_replica(spec.id);
  all["dev.hearth.function"] = spec.function.name;
  all["dev.hearth.namespace"] = spec.function.space;
  all["dev.hearth.revision"] = std::to_string(spec.revision);
  return all;
}

// A declared volume would become an anonymous writable one of no limited size: memory of limited size takes its place.
json memory_folders(const ReplicaSpec& spec, const std::vector<std::string>& volumes) {
  const std::string options = "rw,nosuid,nodev,mode=1777,size=" + std::to_string(spec.limits.tmp.count);
  json folders{{"/tmp", options}};
  for (const auto& volume : volumes) {
    std::string path = std::filesystem::path{volume}.lexically_normal().string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (path != kSocketFolder) folders[path] = options;
  }
  return folders;
}

json mounts(const std::string& socket_folder) {
  if (socket_folder.empty()) return json::array();
  return json::array({{{"Type", "bind"},
                       {"Source", socket_folder},
                       {"Target", kSocketFolder},
                       {"BindOptions", {{"Propagation", "rprivate"}}}}});
}

// Docker's own come from how its daemon was started. A core dump would be the machine's to keep.
json ulimits() {
  constexpr int kOpenFiles = 16'384;  // no more than a daemon without privileges over its limits may give
  return json::array(
      {{{"Name", "nofile"}, {"Soft", kOpenFiles}, {"Hard", kOpenFiles}}, {{"Name", "core"}, {"Soft", 0}, {"Hard", 0}}});
}

std::string network_mode(NetworkKind kind, const Surroundings& around) {
  if (!around.parked.empty()) return "container:" + around.parked;
  return kind == NetworkKind::none ? "none" : network_name(around.installation, kind);
}

json host_config(const ReplicaSpec& spec, const Surroundings& around) {
  const auto cpu_millis = std::clamp<std::uint64_t>(spec.limits.cpu_millis, 10, around.cpus * std::uint64_t{1000});
  const auto kind = network_kind(spec);
  json config{
      {"NetworkMode", network_mode(kind, around)},
      {"Dns", around.parked.empty() ? name_servers(kind) : json::array()},  // whose network it is has them
      {"Memory", spec.limits.memory.count},
      {"MemorySwap", spec.limits.memory.count},  // of both together: no swap
      {"NanoCpus", cpu_millis * 1'000'000},
      {"PidsLimit", spec.limits.pids + (around.init ? 1 : 0)},
      {"Ulimits", ulimits()},
      {"Runtime", spec.container_runtime},  // empty: Docker's default
      {"Tmpfs", memory_folders(spec, around.volumes)},
      {"Mounts", mounts(around.socket_folder)},
      {"ShmSize", std::min(kSharedMemory, spec.limits.tmp).count},
      {"LogConfig",
       {{"Type", "local"},
        {"Config", {{"max-size", std::to_string(kOutputFile.count)}, {"max-file", "2"}, {"compress", "false"}}}}},
      // The kernel spares a container's first process a SIGTERM that it does not handle, and orphans are its to reap:
      // few images' programs know that. Docker's own init passes on signals and exit codes.
      {"Init", around.init},
  };
  config.update(hardening());
  return config;
}

json endpoints(const ReplicaSpec& spec, const Surroundings& around) {
  json all = json::object();
  const auto kind = network_kind(spec);
  if (kind == NetworkKind::none || !around.parked.empty()) return all;
  all[network_name(around.installation, kind)] = json::object();
  if (around.all_networks) {
    for (const auto& network : spec.network.attach) all[network] = json::object();
  }
  return all;
}

}  // namespace

std::string user_and_group(std::uint32_t user) { return std::to_string(user) + ":" + std::to_string(user); }

std::map<std::string, std::string> environment_of(const ReplicaSpec& spec) {
  auto all = spec.env;
  all["HEARTH_FUNCTION"] = spec.function.name;
  all["HEARTH_NAMESPACE"] = spec.function.space;
  all["HEARTH_REVISION"] = std::to_string(spec.revision);
  all["HEARTH_REPLICA"] = domain::format_replica(spec.id);
  all["HEARTH_CONCURRENCY"] = std::to_string(spec.limits.concurrency);
  all["HEARTH_TIMEOUT_MS"] = std::to_string(spec.limits.timeout.count());
  // Else the image says its runtime's own.
  if (spec.templated && !spec.handler.empty()) all["HEARTH_HANDLER"] = spec.handler;
  if (serves_socket(spec)) {
    all["HEARTH_SOCKET"] = std::string{kSocketFolder} + "/fn.sock";
  } else {
    all.erase("HEARTH_SOCKET");
    all["PORT"] = std::to_string(kPort);
  }
  if (spec.debug) all["HEARTH_DEBUGGER_PORT"] = std::to_string(kDebuggerPort);
  return all;
}

json hardening() {
  return {{"CapDrop", {"ALL"}},
          {"SecurityOpt", {"no-new-privileges"}},
          {"ReadonlyRootfs", true},
          // Said even where they are Docker's defaults: a daemon's configuration may say otherwise.
          {"IpcMode", "private"},
          {"PidMode", ""},
          {"UTSMode", ""},
          {"CgroupnsMode", "private"},
          {"Privileged", false},
          {"PublishAllPorts", false},
          {"RestartPolicy", {{"Name", "no"}}},
          {"AutoRemove", false}};
}

bool serves_socket(const ReplicaSpec& spec) { return spec.templated && spec.container_runtime.empty(); }

NetworkKind network_kind(const ReplicaSpec& spec) {
  if (spec.network.egress) return NetworkKind::open;
  const bool needs_address = !serves_socket(spec) || spec.debug || !spec.network.attach.empty();
  return needs_address ? NetworkKind::closed : NetworkKind::none;
}

NetworkKind joined_kind(const ReplicaSpec& spec) {
  const bool own = spec.debug || !spec.network.attach.empty() || !spec.container_runtime.empty();
  return own ? NetworkKind::none : network_kind(spec);
}

std::string network_name(const Installation& installation, NetworkKind kind) {
  return "hearth-" + installation.id + (kind == NetworkKind::closed ? "-closed" : "");
}

std::string bridge_name(const Installation& installation, NetworkKind kind) {
  return (kind == NetworkKind::closed ? "hrtc-" : "hrth-") + short_id(installation);
}

json network_body(const Installation& installation, NetworkKind kind) {
  const auto name = network_name(installation, kind);
  return {{"Name", name},
          {"CheckDuplicate", true},
          {"Driver", "bridge"},
          {"Internal", kind == NetworkKind::closed},
          {"EnableIPv6", false},
          {"Labels", proof(installation, name)},
          {"Options",
           {{"com.docker.network.bridge.enable_icc", "false"},  // functions do not see each other
            {"com.docker.network.bridge.name", bridge_name(installation, kind)}}}};
}

// Docker asks the machine's resolver even for containers of an internal network, until its version 26 did not: a way
// out, by names. So theirs is one that is not there; names of containers are known without it.
json name_servers(NetworkKind kind) { return kind == NetworkKind::closed ? json::array({"127.0.0.1"}) : json::array(); }

std::string container_name(const Installation& installation, const ReplicaSpec& spec) {
  return "hearth-" + short_id(installation) + "-" + spec.function.name + "-" + domain::format_replica(spec.id);
}

json create_body(const ReplicaSpec& spec, const Surroundings& around) {
  return {{"Image", spec.image},
          {"User", user_and_group(ports::kReplicaUser)},
          {"Env", environment(spec)},
          {"Labels", labels(spec, around.installation)},
          {"Healthcheck", {{"Test", {"NONE"}}}},
          {"StopSignal", "SIGTERM"},
          {"NetworkDisabled", network_kind(spec) == NetworkKind::none},
          {"HostConfig", host_config(spec, around)},
          {"NetworkingConfig", {{"EndpointsConfig", endpoints(spec, around)}}}};
}

}  // namespace hearth::docker
