#include "engines/docker/location.h"

#include "domain/error.h"

namespace hearth::docker {

namespace {

constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTcp = "tcp://";

[[noreturn]] void refuse(const std::string& text, const std::string& hint) {
  throw domain::Error(domain::Code::invalid, domain::Layer::client,
                      "docker_host is " + text + ", and must be unix:///FILE or tcp://HOST:PORT", hint);
}

}  // namespace

Location parse_location(const std::string& text) {
  if (text.starts_with(kUnix) && text.size() > kUnix.size() && text[kUnix.size()] == '/') {
    return {.socket = text.substr(kUnix.size())};
  }
  if (text.starts_with("ssh://")) refuse(text, "run hearthd on that machine");
  if (!text.starts_with(kTcp)) refuse(text, "");
  std::string authority = text.substr(kTcp.size());
  while (authority.ends_with('/')) authority.pop_back();
  const auto colon = authority.rfind(':');
  const bool has_port = colon != authority.npos && colon > 0 && colon + 1 < authority.size() &&
                        authority.find_first_not_of("0123456789", colon + 1) == authority.npos;
  if (!has_port || authority.find_first_of("/?#@ ") != authority.npos) {
    refuse(text, "Docker's port is usually 2376 with TLS");
  }
  return {.authority = authority};
}

std::string to_string(const Location& location) {
  return location.socket.empty() ? std::string{kTcp} + location.authority : location.socket;
}

net::Endpoint endpoint_of(const Location& location) {
  if (!location.socket.empty()) return {.base = "http://docker", .unix_socket = location.socket};
  return {.base = (location.tls ? "https://" : "http://") + location.authority,
          .unix_socket = {},
          .tls = location.tls,
          .direct = true};
}

}  // namespace hearth::docker
