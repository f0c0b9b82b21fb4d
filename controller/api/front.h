// The outer side of the management API: behind our own HTTP server, which ends the client's connection and enforces
// framing, limits and time. Checks the token, serves what streams, and hands every other request, once it is whole, to
// the inner listener. Runs on the server's pool of threads and blocks there.
#pragma once

#include "api/routes.h"
#include "http/blocking.h"
#include "net/http_client.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>

namespace hearth::api {

class Front final : public http::BlockingHandler {
 public:
  struct Settings {
    std::string token;
    std::uint16_t inner_port = 0;
    std::string inner_secret;
    std::uint32_t max_waiting = 96;  // streams and long polls at once: the rest of the threads is for what is quick
    std::size_t max_body = 4 << 20;  // of what does not stream
  };

  Front(const Routes& routes, const Parts& parts, Settings settings);

  void serve(http::BlockingExchange& exchange) override;
  // Streams and long polls end at once, and new ones too; what is quick goes on. Returns once the polls are answered,
  // or nearly a second later. Any thread.
  void end_waiting();

 private:
  class Waiting;
  class Poll;

  void check_token(const http::Request& request) const;
  void hand_on(http::BlockingExchange& exchange, const Request& request);
  net::Response await(net::Request& inner, const std::stop_token& stop, const std::stop_token& left);

  const Routes& routes_;
  const Parts& parts_;
  Settings settings_;
  net::HttpClient inner_;
  std::atomic<std::uint32_t> waiting_ = 0;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::uint32_t polls_ = 0;  // long polls among what waits
  std::stop_source ending_;
};

}  // namespace hearth::api
