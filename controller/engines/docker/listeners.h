// Who listens inside a container, read from the kernel's tables: for telling why a start failed. Pure but for one.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace hearth::docker {

struct Listener {
  std::uint16_t port = 0;
  bool loopback_only = false;
  bool operator==(const Listener&) const = default;
};

// The listening sockets in /proc/net/tcp or tcp6, without Docker's own name server (127.0.0.11).
std::vector<Listener> parse_listeners(std::string_view table);

// Those in the network of process `pid`, each port once; none where it has gone. Reads /proc.
std::vector<Listener> listeners_of(int pid);

}  // namespace hearth::docker
