#include "engines/docker/codec.h"

#include "engines/docker/json_read.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace hearth::docker {

using nlohmann::json;

namespace {

Labels read_labels(const json& value) {
  Labels labels;
  for (const auto& [key, text] : object(value, "Labels").items()) {
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
  for (const auto& [path, nothing] : object(object(image, "Config"), "Volumes").items()) volumes.push_back(path);
  return volumes;
}

Container read_container(const json& inspected) {
  Container container{.id = text_of(inspected, "Id"), .name = without_slash(text_of(inspected, "Name"))};
  const json& state = object(inspected, "State");
  container.running = flag_of(state, "Running");
  container.paused = flag_of(state, "Paused");
  container.pid = number_of<int>(state, "Pid");
  container.exit = {.code = number_of<int>(state, "ExitCode"), .out_of_memory = flag_of(state, "OOMKilled")};
  container.labels = read_labels(object(inspected, "Config"));
  for (const auto& [network, endpoint] : object(object(inspected, "NetworkSettings"), "Networks").items()) {
    const std::string address = text_of(endpoint, "IPAddress");
    if (!address.empty()) container.addresses[network] = address;
  }
  return container;
}

std::vector<Container> read_list(const json& list) {
  std::vector<Container> containers;
  // Taken for an empty list, it would mean that every replica is gone.
  if (!list.is_array()) {
    throw domain::Error(domain::Code::unavailable, domain::Layer::engine, "Docker's list of containers is none");
  }
  for (const auto& entry : list) {
    Container container{.id = text_of(entry, "Id")};
    for (const auto& name : array(entry, "Names")) {
      if (container.name.empty() && name.is_string()) container.name = without_slash(name);
    }
    const std::string state = text_of(entry, "State");
    container.running = state == "running";
    container.paused = state == "paused";
    container.labels = read_labels(entry);
    containers.push_back(std::move(container));
  }
  return containers;
}

std::optional<ContainerEvent> read_event(std::string_view line) {
  const json event = json::parse(line, nullptr, false);
  if (!event.is_object()) return std::nullopt;
  const json& actor = object(event, "Actor");
  const std::string exit_code = text_of(object(actor, "Attributes"), "exitCode");
  ContainerEvent read{.kind = kind_of(text_of(event, "Action")),
                      .id = text_of(actor, "ID"),
                      .time_nanos = number_of<std::int64_t>(event, "timeNano")};
  std::from_chars(exit_code.data(), exit_code.data() + exit_code.size(), read.exit_code);
  return read;
}

std::string write_record(const Record& record) {
  return json{{"container", record.container},
              {"namespace", record.function.space},
              {"function", record.function.name},
              {"revision", record.revision},
              {"templated", record.templated},
              {"network", record.network},
              {"debug", record.debug},
              {"pids", record.pids},
              {"package", record.package},
              {"idle", record.idle},
              {"parked", record.parked}}
      .dump();
}

std::optional<Record> read_record(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  Record record{.container = text_of(value, "container"),
                .function = {text_of(value, "namespace"), text_of(value, "function")},
                .revision = number_of<std::uint64_t>(value, "revision"),
                .templated = flag_of(value, "templated"),
                .network = text_of(value, "network"),
                .debug = flag_of(value, "debug"),
                .pids = number_of<std::uint32_t>(value, "pids"),
                .package = text_of(value, "package"),
                .idle = flag_of(value, "idle"),
                .parked = text_of(value, "parked")};
  if (record.container.empty()) return std::nullopt;
  return record;
}

}  // namespace hearth::docker
