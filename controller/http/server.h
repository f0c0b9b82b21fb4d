// An HTTP/1.1 server: listens, ends clients' connections, enforces framing, limits and time, and hands each request to
// a handler. N threads, each with a loop, a listening socket and a handler of its own.
#pragma once

#include "http/task.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::http {

class Exchange;
class Loop;

using Fields = std::vector<std::pair<std::string, std::string>>;  // names and values

// Serves the requests of one thread's sessions, any number of them at once. What `serve` throws becomes a problem
// while no head was sent, else the connection is cut.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<> serve(Exchange& exchange) = 0;
};

struct Limits {
  std::size_t head_bytes = 32 << 10;             // request line and fields; more is a 431
  std::size_t target_bytes = 8 << 10;            // more is a 414
  std::size_t fields = 100;                      // more is a 431
  std::size_t connections = 10'000;              // of the whole server; more are told 503
  std::chrono::milliseconds head{10'000};        // from a request's first byte to the end of its head, then 408
  std::chrono::milliseconds idle{75'000};        // of a kept connection between requests
  std::chrono::milliseconds body_idle{30'000};   // between two pieces of a request's body, then 408
  std::chrono::milliseconds write_idle{30'000};  // a client that takes nothing for so long is cut off
  std::chrono::milliseconds linger{2'000};       // for what a refused client still sends
};

// A client's connection between two requests, for another server to go on with.
struct Passed {
  int fd = -1;  // its owner's to close
  std::string peer;
  std::string begun = {};  // what was received of its next request already
  bool fresh = false;      // it has had no request yet
  bool ours = false;       // its client is a part of this very process
};

class Server {
 public:
  // Hears of each; any of the server's threads, must not block.
  using Give = std::function<void(Passed)>;
  struct Settings {
    std::string address = "127.0.0.1:0";  // "host:port" or "[v6]:port", numeric; port 0: any
    std::vector<int> descriptors = {};    // listening sockets handed in, owned from here on; used instead of `address`
    std::uint32_t threads = 1;
    Limits limits = {};
    // On each answer that is the server's own: to a request that no handler was asked for, or that one failed at.
    Fields refusal_fields = {};
    // Told what a handler threw that nobody foresaw; any of the server's threads.
    std::function<void(std::string_view)> report = {};
  };
  using MakeHandler = std::function<std::unique_ptr<Handler>(Loop& loop, std::uint32_t thread)>;

  // Binds at once: throws domain::Error (`conflict`, with the mend, when the port is in use).
  Server(Settings settings, const MakeHandler& make_handler);
  ~Server();  // stops without grace

  void start();
  // Accepts no more; gives away every connection, each as soon as no request is in flight on it. Stays to be stopped.
  void hand_over(const Give& give);
  // Whether the last connection has gone, at the latest at `until`.
  bool await_empty(std::chrono::steady_clock::time_point until);
  // Goes on with a connection that another server gave away. Any thread; only between start and stop.
  void take(Passed connection);
  // Of its listening sockets, copies that outlive it: the caller's.
  std::vector<int> descriptors() const;
  // Accepts no more, lets requests in flight end within `grace`, and the first ones of connections that it has just
  // accepted; closes the rest; returns when all threads ended.
  void stop(std::chrono::milliseconds grace);
  std::uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::http
