// The connection to a replica that lives in one of its slots, and the rules by which it is used again. Touched by the
// thread that holds the slot's lease; destroyed from any, since it keeps its loop alive.
#pragma once

#include "control/lease.h"
#include "http/head.h"
#include "http/socket.h"
#include "ports/host.h"

#include <chrono>
#include <memory>
#include <string>

namespace hearth::gateway {

class Upstream final : public control::Connection {
 public:
  Upstream(http::Loop& loop, int fd, bool connecting);

  http::Socket& socket() noexcept { return *socket_; }
  http::ResponseReader& reader() noexcept { return reader_; }
  std::string& out() noexcept { return out_; }  // for heads; its memory is used again

  // Whether it has carried an answer before.
  bool reused() const noexcept { return used_; }

  bool connecting() const noexcept { return connecting_; }
  // What became of it, once writable; the system's error, 0 for success.
  int finish_connecting() noexcept;

  // What its server says in `answer` of keeping it.
  void learn(const http::ResponseHead& answer, bool own_socket);
  // After a whole answer: whether it may serve another call.
  bool keep(http::Time now);
  // Before another call: false when it is too old or was closed meanwhile. Moves to `loop` where that is another.
  bool wake(http::Loop& loop, http::Time now);

 private:
  std::shared_ptr<http::Loop> loop_;  // outlives the socket
  std::unique_ptr<http::Socket> socket_;
  http::ResponseReader reader_;
  std::string out_;
  http::Time kept_since_{};
  std::chrono::milliseconds keep_for_{0};  // max: for ever
  bool used_ = false;
  bool connecting_ = false;
};

domain::Fault not_reached(const ports::Address& address, int error);

// Opens one, without waiting: over TCP it may still be connecting, and is writable when that has ended. Null with
// `fault` set where the replica cannot be connected to.
std::unique_ptr<Upstream> open_upstream(http::Loop& loop, ports::Doors& host, const ports::Address& address,
                                        domain::Fault& fault);

}  // namespace hearth::gateway
