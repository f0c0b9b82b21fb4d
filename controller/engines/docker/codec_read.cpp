#include "engines/docker/codec.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace hearth::docker {

using nlohmann::json;

namespace {

// Docker writes null for what is empty.
json object(const json& value, const char* key) {
  const auto found = value.find(key);
  return found != value.end() && found->is_object() ? *found : json::object();
}

Labels read_labels(const json& value) {
  Labels labels;
  const json given = object(value, "Labels");
  for (const auto& [key, text] : given.items()) {
    if (text.is_string()) labels[key] = text;
  }
  return labels;
}

std::string without_slash(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

ContainerEvent::Kind kind_of(const std::string& action) {
  if (action == "die") return ContainerEvent::Kind::died;
  if (action == "oom") return ContainerEvent::Kind::out_of_memory;
  return ContainerEvent::Kind::other;
}

}  // namespace

std::vector<std::string> read_volumes(const json& image) {
  std::vector<std::string> volumes;
  const json declared = object(object(image, "Config"), "Volumes");
  for (const auto& [path, nothing] : declared.items()) volumes.push_back(path);
  return volumes;
}

Container read_container(const json& inspected) {
  Container container{.id = inspected.value("Id", ""), .name = without_slash(inspected.value("Name", ""))};
  const json state = object(inspected, "State");
  container.running = state.value("Running", false);
  container.paused = state.value("Paused", false);
  container.pid = state.value("Pid", 0);
  container.exit = {.code = state.value("ExitCode", 0), .out_of_memory = state.value("OOMKilled", false)};
  container.labels = read_labels(object(inspected, "Config"));
  const json networks = object(object(inspected, "NetworkSettings"), "Networks");
  for (const auto& [network, endpoint] : networks.items()) {
    const std::string address = endpoint.value("IPAddress", "");
    if (!address.empty()) container.addresses[network] = address;
  }
  return container;
}

std::vector<Container> read_list(const json& list) {
  std::vector<Container> containers;
  for (const auto& entry : list) {
    Container container{.id = entry.value("Id", "")};
    for (const auto& name : entry.value("Names", json::array())) {
      if (container.name.empty() && name.is_string()) container.name = without_slash(name);
    }
    container.running = entry.value("State", "") == "running";
    container.paused = entry.value("State", "") == "paused";
    container.labels = read_labels(entry);
    containers.push_back(std::move(container));
  }
  return containers;
}

std::optional<ContainerEvent> read_event(std::string_view line) {
  const json event = json::parse(line, nullptr, false);
  if (!event.is_object()) return std::nullopt;
  const json actor = object(event, "Actor");
  const std::string exit_code = object(actor, "Attributes").value("exitCode", "");
  ContainerEvent read{.kind = kind_of(event.value("Action", "")),
                      .id = actor.value("ID", ""),
                      .time_nanos = event.value("timeNano", std::int64_t{0})};
  std::from_chars(exit_code.data(), exit_code.data() + exit_code.size(), read.exit_code);
  return read;
}

std::string write_record(const Record& record) {
  return json{{"container", record.container}, {"namespace", record.function.space}, {"function", record.function.name},
              {"revision", record.revision},   {"templated", record.templated},      {"network", record.network}}
      .dump();
}

std::optional<Record> read_record(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  Record record{.container = value.value("container", ""),
                .function = {value.value("namespace", ""), value.value("function", "")},
                .revision = value.value("revision", std::uint64_t{0}),
                .templated = value.value("templated", false),
                .network = value.value("network", "")};
  if (record.container.empty()) return std::nullopt;
  return record;
}

}  // namespace hearth::docker
