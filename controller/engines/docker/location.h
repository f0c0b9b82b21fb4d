// Where Docker listens, as its own clients are told: DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH. Pure.
#pragma once

#include "net/http_client.h"

#include <optional>
#include <string>
#include <string_view>

namespace hearth::docker {

struct Location {
  std::string socket = {};     // a path; empty for TCP
  std::string authority = {};  // "127.0.0.1:2376"
  std::optional<net::TlsFiles> tls = {};

  bool operator==(const Location&) const = default;
};

// "unix:///FILE" or "tcp://HOST:PORT". Throws `invalid` for all else, with what it must be.
Location parse_location(const std::string& text);

// As DOCKER_HOST says it; a socket by its path alone.
std::string to_string(const Location& location);
net::Endpoint endpoint_of(const Location& location);

}  // namespace hearth::docker
