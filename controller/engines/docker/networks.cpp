#include "engines/docker/networks.h"

#include "engines/docker/json_read.h"

#include <nlohmann/json.hpp>

namespace hearth::docker {

using domain::Code;
using domain::Layer;
using nlohmann::json;

namespace {

std::optional<json> look(Api& api, const std::string& name) {
  const auto answer = api.call(
      {.path = "/networks/" + net::url_encode(name), .attempt = "look at the network " + name, .expected = {404}});
  if (answer.status == 404) return std::nullopt;
  json network = json::parse(answer.body, nullptr, false);
  if (!network.is_object() || text_of(network, "Name") != name) return std::nullopt;  // Docker takes ids too
  return network;
}

Labels labels_of(const json& network) {
  Labels labels;
  for (const auto& [key, value] : object(network, "Labels").items()) {
    if (value.is_string()) labels[key] = value;
  }
  return labels;
}

}  // namespace

Networks::Networks(Api& api, Installation installation) : api_(api), installation_(std::move(installation)) {}

void Networks::ensure(NetworkKind kind) {
  if (kind == NetworkKind::none) return;
  const std::lock_guard lock{mutex_};  // across the call, so that two starts do not both make it
  if (known_.contains(kind)) return;
  const auto name = network_name(installation_, kind);
  auto network = look(api_, name);
  if (!network) {
    api_.call({.method = "POST",
               .path = "/networks/create",
               .attempt = "create the network " + name,
               .body = network_body(installation_, kind).dump(),
               .expected = {409}});
    network = look(api_, name);
  }
  if (!network || !is_ours(installation_, name, labels_of(*network))) {
    throw domain::Error(Code::conflict, Layer::engine, "the network " + name + " exists and is not this installation's",
                        "remove it: docker network rm " + name);
  }
  known_.insert(kind);
}

void Networks::check(const std::vector<std::string>& names, bool egress) {
  for (const auto& name : names) {
    const auto network = look(api_, name);
    if (!network) {
      throw domain::Error(Code::invalid, Layer::engine,
                          "network.attach names " + name + ", and Docker has no such network",
                          "make it: docker network create " + name);
    }
    if (!egress && !network->value("Internal", false)) {
      throw domain::Error(Code::invalid, Layer::engine,
                          "network.egress is deny, and the attached network " + name + " leads out",
                          "make it with `docker network create --internal`, or allow egress");
    }
  }
}

void Networks::connect(const std::string& container, const std::string& network) {
  api_.call({.method = "POST",
             .path = "/networks/" + net::url_encode(network) + "/connect",
             .attempt = "attach a replica to the network " + network,
             .body = json{{"Container", container}}.dump()});
}

void Networks::doubt() {
  const std::lock_guard lock{mutex_};
  known_.clear();
}

void Networks::tidy() {
  const std::lock_guard lock{mutex_};
  known_.clear();
  for (const auto kind : {NetworkKind::open, NetworkKind::closed}) {
    const auto name = network_name(installation_, kind);
    const auto network = look(api_, name);
    if (!network || !is_ours(installation_, name, labels_of(*network))) continue;
    // 403: a container uses it, and will want it after our restart.
    api_.call({.method = "DELETE",
               .path = "/networks/" + name,
               .attempt = "remove the network " + name,
               .expected = {403, 404, 409}});
  }
}

}  // namespace hearth::docker
