#include "engines/docker/containers.h"

#include "engines/docker/json_read.h"
#include "engines/docker/log_frames.h"

#include <nlohmann/json.hpp>

namespace hearth::docker {

using domain::Code;
using domain::Layer;
using nlohmann::json;

namespace {

std::string path(const std::string& id, const std::string& rest) { return "/containers/" + id + rest; }

}  // namespace

std::string Containers::create(const std::string& name, const std::string& body) {
  const json answer = api_.get(
      {.method = "POST", .path = "/containers/create?name=" + name, .attempt = "create a container", .body = body});
  return text_of(answer, "Id");
}

void Containers::start(const std::string& id) {
  const auto answer =
      api_.call({.method = "POST", .path = path(id, "/start"), .attempt = "start a container", .expected = {400}});
  if (answer.status != 400) return;
  // What the container asks of the machine cannot be had: a command that is not there, an image of another kind.
  auto fault = refusal("start the container", answer.status, answer.body);
  fault.layer = Layer::function;
  throw domain::Error(fault);
}

void Containers::update(const std::string& id, const std::string& body) {
  api_.call({.method = "POST",
             .path = path(id, "/update"),
             .attempt = "change a container's limits",
             .body = body,
             .expected = {404}});
}

bool Containers::signal(const std::string& id, const std::string& signal) {
  const auto answer = api_.call({.method = "POST",
                                 .path = path(id, "/kill?signal=" + signal),
                                 .attempt = "signal a container",
                                 .expected = {404, 409}});
  return answer.status < 300;
}

void Containers::pause(const std::string& id) {
  api_.call({.method = "POST", .path = path(id, "/pause"), .attempt = "pause a container"});
}

void Containers::unpause(const std::string& id) {
  const std::string attempt = "unpause a container";
  const auto answer =
      api_.call({.method = "POST", .path = path(id, "/unpause"), .attempt = attempt, .expected = {404, 409, 500}});
  if (answer.status < 300 || answer.status == 404) return;
  const auto container = inspect(id);
  if (container && container->paused) throw domain::Error(refusal(attempt, answer.status, answer.body));
}

std::optional<ports::Exit> Containers::await_exit(const std::string& id, std::chrono::milliseconds patience,
                                                  std::stop_token stop) {
  try {
    api_.call({.method = "POST",
               .path = path(id, "/wait?condition=not-running"),
               .attempt = "wait for a container's end",
               .expected = {404},
               .timeout = std::max(patience, std::chrono::milliseconds{1})},
              std::move(stop));
  } catch (const domain::Error& error) {
    if (error.fault().code != Code::timeout && error.fault().code != Code::cancelled) throw;
    return std::nullopt;
  }
  const auto container = inspect(id);
  return container ? container->exit : ports::Exit{.code = kKilled};
}

std::optional<Container> Containers::inspect(const std::string& id_or_name, std::stop_token stop) {
  const auto answer = api_.call(
      {.path = path(id_or_name, "/json"), .attempt = "look at a container", .expected = {404}}, std::move(stop));
  if (answer.status == 404) return std::nullopt;
  const json inspected = json::parse(answer.body, nullptr, false);
  return inspected.is_object() ? std::optional{read_container(inspected)} : std::nullopt;
}

std::vector<Container> Containers::list(const Installation& installation) {
  const json filters{{"label", {std::string{kInstallationLabel} + "=" + installation.id}}};
  return read_list(api_.get(
      {.path = "/containers/json?all=1&filters=" + net::url_encode(filters.dump()), .attempt = "list the containers"}));
}

void Containers::remove(const std::string& id_or_name, std::stop_token stop) {
  const auto answer = api_.call({.method = "DELETE",
                                 .path = path(id_or_name, "?force=1&v=1"),
                                 .attempt = "remove a container",
                                 .expected = {404, 409}},
                                stop);
  if (answer.status != 409) return;
  // Another removal of it is under way.
  api_.call({.method = "POST",
             .path = path(id_or_name, "/wait?condition=removed"),
             .attempt = "wait until a container is removed",
             .expected = {404}},
            stop);
}

std::int64_t Containers::last_output(const std::string& id, std::stop_token stop) {
  const auto answer = api_.call({.path = path(id, "/logs?stdout=1&stderr=1&timestamps=1&tail=1"),
                                 .attempt = "read the end of a container's output",
                                 .expected = {404, 409}},
                                std::move(stop));
  LogFrames frames{[](const OutputLine&) {}};
  if (answer.status < 300) frames.feed(answer.body);
  return frames.last_nanos();
}

std::vector<std::string> Containers::image_volumes(const std::string& image) {
  return read_volumes(api_.get({.path = "/images/" + net::url_encode(image) + "/json", .attempt = "look at an image"}));
}

}  // namespace hearth::docker
