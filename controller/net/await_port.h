// Waits for a TCP server to come up.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

namespace hearth::net {

enum class PortState : std::uint8_t { accepts, silent, cancelled };

// Connects again and again, 1 to 50 ms apart (nothing tells when another machine's listen() comes), until `host`, a
// numeric IPv4 address, accepts. Blocks; ends soon after `stop`.
PortState await_port(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
                     std::stop_token stop);

}  // namespace hearth::net
