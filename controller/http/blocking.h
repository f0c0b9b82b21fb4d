// The server for handlers that block: each request runs on a thread of a bounded pool, while its connection stays with
// the server's loop. What the management API is written against.
#pragma once

#include "domain/error.h"
#include "http/server.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::http {

struct Request {
  std::string method;
  std::string target;                   // as it was sent: "/v1/info?x=y"
  Fields fields;                        // names in lower case, in order
  std::optional<std::uint64_t> length;  // of the body, where it was announced

  const std::string* field(std::string_view name) const;  // the first of that name (lower case); null when absent
};

struct Response {
  int status = 200;
  Fields fields;  // without framing: no content-length, transfer-encoding or connection
  std::string body;
};

// One request and its answer, for the thread that serves it. Every method blocks for as long as the limits of the
// server allow, and throws domain::Error: `cancelled` when the client left or the server ends, `timeout` when it is
// too slow, `invalid` when its framing is wrong.
class BlockingExchange {
 public:
  virtual ~BlockingExchange() = default;

  virtual const Request& request() const noexcept = 0;
  // "192.0.2.1:4711"
  virtual const std::string& peer() const noexcept = 0;

  // The next of the body, decoded, into `buffer`; 0 at its end. Back-pressure is the client's window.
  virtual std::size_t read(char* buffer, std::size_t size) = 0;
  // The whole body; `invalid` of layer `limit` (a 413) when it is longer than `limit`, known before it is read where
  // its length was announced.
  virtual std::string read_all(std::size_t limit) = 0;

  // A whole answer. Exactly one of respond and start is called, once.
  virtual void respond(Response response) = 0;
  // The head of an answer that `write` streams; `length` where it is known. Its end is `finish`: without it the
  // connection is cut, so that the client sees that the answer is not whole.
  virtual void start(int status, Fields fields, std::optional<std::uint64_t> length = {}) = 0;
  virtual void write(std::string_view piece) = 0;  // returns when the system has taken it all
  virtual void finish() = 0;

  // Triggered when the client leaves or the server stops: end soon.
  virtual std::stop_token stop() const noexcept = 0;
};

// Called on any of the pool's threads, several at once. What it throws is answered as a problem while nothing was
// sent; a request that it leaves unanswered becomes a 500.
class BlockingHandler {
 public:
  virtual ~BlockingHandler() = default;
  virtual void serve(BlockingExchange& exchange) = 0;
};

// Threads for what blocks, lent to exchanges of any loop: those for whom there is no thread wait, and are refused where
// too many do.
class BlockingPlaces {
 public:
  // `most`: exchanges that have a thread, wait for one, or have just been answered by one.
  BlockingPlaces(std::uint32_t threads, std::uint32_t most);
  ~BlockingPlaces();  // waits for those that run
  Task<> serve(Exchange& exchange, BlockingHandler& handler);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class BlockingServer {
 public:
  struct Settings {
    Server::Settings server = {};
    std::uint32_t max_workers = 64;  // requests served at once; more are told 503 with Retry-After
  };

  // `handler` outlives the server. Binds at once; throws domain::Error.
  BlockingServer(Settings settings, BlockingHandler& handler);
  ~BlockingServer();

  void start();
  void hand_over(const Server::Give& give);
  bool await_empty(std::chrono::steady_clock::time_point until);
  void take(Passed connection);
  std::vector<int> descriptors() const;
  void stop(std::chrono::milliseconds grace);
  std::uint16_t port() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::http
