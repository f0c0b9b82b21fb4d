// Where hearthd is a client of its own gateway: an abstract unix socket that takes connections of this process alone,
// so that what they say is believed.
#pragma once

#include "ports/host.h"

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

namespace hearth::gateway {

class InnerListener {
 public:
  // `take` gets each connection, non-blocking, on a thread of its own. Throws domain::Error where there can be no
  // socket.
  explicit InnerListener(std::function<void(int fd)> take);
  ~InnerListener();

  void start();
  void stop();
  // Its name, without the leading zero.
  const std::string& address() const noexcept { return address_; }

 private:
  void accept_all(const std::stop_token& stop);

  const std::function<void(int fd)> take_;
  ports::Descriptor socket_;
  std::string address_;
  std::jthread thread_;
};

}  // namespace hearth::gateway
