#include "engines/docker/build_codec.h"

#include "engines/docker/codec.h"
#include "engines/docker/json_read.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hearth::docker {

using nlohmann::json;

namespace {

std::string status_of(const json& object) {
  const std::string status = text_of(object, "status");
  // Counting bytes: a hundred lines a second that say nothing in a log.
  if (status.empty() || !docker::object(object, "progressDetail").empty()) return {};
  const std::string id = text_of(object, "id");
  return (id.empty() ? status : id + ": " + status) + "\n";
}

}  // namespace

Progress read_progress(std::string_view line) {
  const json object = json::parse(line, nullptr, false);
  Progress progress;
  if (!object.is_object()) return progress;
  progress.text = text_of(object, "stream");
  if (progress.text.empty()) progress.text = status_of(object);
  progress.error = text_of(object, "error");
  progress.image = text_of(docker::object(object, "aux"), "ID");
  return progress;
}

std::optional<Image> read_image(std::string_view body) {
  const json inspected = json::parse(body, nullptr, false);
  if (!inspected.is_object()) return std::nullopt;
  Image image{.id = text_of(inspected, "Id"), .labels = {}};
  for (const auto& [key, text] : object(object(inspected, "Config"), "Labels").items()) {
    if (text.is_string()) image.labels[key] = text;
  }
  return image;
}

std::vector<std::string> read_names(std::string_view body) {
  std::vector<std::string> names;
  const json images = json::parse(body, nullptr, false);
  if (!images.is_array()) return names;
  for (const auto& image : images) {
    for (const auto& tag : array(image, "RepoTags")) {
      if (tag.is_string()) names.push_back(tag);
    }
  }
  return names;
}

std::string read_created(std::string_view body) {
  const json created = json::parse(body, nullptr, false);
  return created.is_object() ? text_of(created, "Id") : std::string{};
}

ports::Exit read_exit(std::string_view body) {
  const json inspected = json::parse(body, nullptr, false);
  return inspected.is_object() ? read_container(inspected).exit : ports::Exit{.code = -1};
}

std::string write_map(const std::map<std::string, std::string>& map) { return json(map).dump(); }

std::string label_filter(const std::string& label) { return json{{"label", {label}}}.dump(); }

std::string write_builder(const BuilderSpec& container) {
  json env = json::array();
  for (const auto& [name, value] : container.env) env.push_back(name + "=" + value);
  json mounts = json::array();
  if (!container.cache_volume.empty()) {
    mounts.push_back({{"Type", "volume"}, {"Source", container.cache_volume}, {"Target", "/cache"}});
  }
  if (!container.ca_bundle.empty()) {
    mounts.push_back({{"Type", "bind"}, {"Source", container.ca_bundle}, {"Target", kCaInside}, {"ReadOnly", true}});
  }
  const json host{
      {"Memory", container.memory.count},
      {"MemorySwap", container.memory.count},
      {"PidsLimit", container.pids},
      {"CapDrop", {"ALL"}},
      {"SecurityOpt", {"no-new-privileges"}},
      {"Mounts", mounts},
      {"NetworkMode", container.network.empty() ? "default" : container.network},
  };
  return json{
      {"Image", container.image},
      {"Cmd", container.command},
      {"Entrypoint", json::array()},
      {"WorkingDir", "/function"},
      {"Env", env},
      {"Labels", container.labels},
      {"User", "0:0"},
      {"AttachStdout", false},
      {"AttachStderr", false},
      {"Healthcheck", {{"Test", {"NONE"}}}},
      {"HostConfig", host},
  }
      .dump();
}

std::string write_change(const ImageChange& change, const std::map<std::string, std::string>& marks) {
  json labels(change.labels);
  for (const auto& [key, mark] : marks) labels[key] = "";
  json env = json::array();
  for (const auto& [name, value] : change.env) env.push_back(name + "=" + value);
  return json{{"Labels", labels}, {"Env", env}}.dump();
}

std::string write_unstarted(const std::string& image, const std::map<std::string, std::string>& labels) {
  return json{{"Image", image}, {"Labels", labels}, {"HostConfig", {{"NetworkMode", "none"}}}}.dump();
}

std::string Demultiplexer::feed(std::string_view piece) {
  constexpr std::size_t kHead = 8;
  std::string payload;
  while (!piece.empty()) {
    if (left_ > 0) {
      const std::size_t taken = std::min<std::size_t>(left_, piece.size());
      payload.append(piece.substr(0, taken));
      piece.remove_prefix(taken);
      left_ -= static_cast<std::uint32_t>(taken);
      continue;
    }
    const std::size_t taken = std::min(kHead - head_.size(), piece.size());
    head_.append(piece.substr(0, taken));
    piece.remove_prefix(taken);
    if (head_.size() < kHead) break;
    for (std::size_t i = 4; i < kHead; ++i) left_ = left_ << 8 | static_cast<unsigned char>(head_[i]);
    head_.clear();
  }
  return payload;
}

}  // namespace hearth::docker
