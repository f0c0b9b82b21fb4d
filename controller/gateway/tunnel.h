// A WebSocket once it is established: bytes both ways as they come, as fast as the slower side takes them, until either
// side ends. Thread of its loop.
#pragma once

#include "http/exchange.h"
#include "http/gate.h"

#include <chrono>
#include <functional>
#include <string_view>

namespace hearth::gateway {

struct TunnelLimits {
  std::chrono::milliseconds idle{3'600'000};      // without a byte either way; 0: for ever
  std::chrono::milliseconds longest{86'400'000};  // from its first byte to its last; 0: for ever
};

class Tunnel final : http::LeaveListener, http::Timer {
 public:
  // `is_over` is asked about once a second, and true when the replica is to be left. References outlive it.
  Tunnel(http::Exchange& exchange, http::Socket& upstream, TunnelLimits limits, std::function<bool()> is_over);
  ~Tunnel() override;

  // Sends `head`, the 101, and what follows it already, then carries; `buffer` is for the function's bytes. Returns
  // when both ways have ended; the upstream is of no use then, and the client's connection is closed after it.
  http::Task<> run(std::string_view head, std::string_view first, http::Block& buffer);

 private:
  http::Task<> up();  // beside run(), which carries down
  void end();
  void client_left() override { end(); }
  void expired() override;

  http::Exchange& exchange_;
  http::Socket& upstream_;
  TunnelLimits limits_;
  std::function<bool()> is_over_;
  http::Gate gate_;  // for the end of up()
  http::Time began_{};
  http::Time last_{};  // when the last byte came, from either side
  bool up_runs_ = false;
  bool down_ended_ = false;
  bool ending_ = false;
  bool* gone_ = nullptr;  // told by the destructor, while end() runs
};

}  // namespace hearth::gateway
