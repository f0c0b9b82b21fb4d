// The data plane: serves calls of functions over HTTP. Its threads, its listening sockets, nothing else; decisions are
// the dispatcher's.
#pragma once

#include "control/dispatcher.h"
#include "gateway/tunnel.h"
#include "http/server.h"
#include "ports/host.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::gateway {

// On an answer to a part of hearthd that is the gateway's own: "LAYER CODE MESSAGE". No function's answer has it.
inline constexpr std::string_view kRefused = "Hearth-Refused";

class Gateway {
 public:
  // Paths that are no function's, and who serves them.
  struct Door {
    std::string prefix;  // "/async/"
    std::function<std::unique_ptr<http::Handler>(http::Loop&)> make_handler;
  };
  struct Settings {
    http::Server::Settings server = {.address = "127.0.0.1:8080", .threads = 2};
    // How long a broken connection's reason is waited for.
    std::chrono::milliseconds explain_patience{1'000};
    TunnelLimits web_sockets = {};
    std::vector<Door> doors = {};
  };

  // Binds at once; throws domain::Error (`conflict` when the port is in use, `internal` when it has more threads than
  // the dispatcher counts with). What is passed outlives it.
  Gateway(control::Dispatcher& dispatcher, ports::Doors& host, Settings settings);
  ~Gateway();  // stops without grace

  void start();
  // As http::Server does; `stop` is still to come.
  void hand_over(const http::Server::Give& give);
  bool await_empty(std::chrono::steady_clock::time_point until);
  // Of a connection that is `ours` what a request says of its call (Hearth-Call-Id, X-Forwarded-For and the like) is
  // believed.
  void take(http::Passed connection);
  std::vector<int> descriptors() const;
  // Accepts no more; calls in flight get `grace`, then their clients are cut off. Blocks.
  void stop(std::chrono::milliseconds grace);
  std::uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::gateway
