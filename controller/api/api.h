// The management API, whole: our own listener in front, cpprestsdk behind it, one table of calls. Described in
// docs/reference/api.md.
#pragma once

#include "api/info.h"
#include "control/durable_calls.h"
#include "control/metering.h"
#include "control/service.h"
#include "http/server.h"
#include "ports/packages.h"
#include "telemetry/log_files.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hearth::api {

class Api {
 public:
  struct Settings {
    std::string address = "127.0.0.1:8081";
    std::vector<int> descriptors = {};  // listening sockets handed in; used instead of `address`
    std::string token;
    std::uint32_t max_workers = 128;  // requests served at once, streams and long polls among them
  };

  // Binds at once; throws domain::Error (`conflict` where the port is in use). All that is passed outlives it.
  Api(control::Service& service, control::Metering& metering, ports::Packages& packages, telemetry::LogFiles& logs,
      control::DurableCalls& calls, Info info, Settings settings);
  ~Api();  // stops without grace

  void start();
  // As http::Server does; streams end at once.
  void hand_over(const http::Server::Give& give);
  bool await_empty(std::chrono::steady_clock::time_point until);
  void take(http::Passed connection);
  std::vector<int> descriptors() const;
  // Lets requests in flight end within `grace`; streams end at once. Not restarted.
  void stop(std::chrono::milliseconds grace);
  std::uint16_t port() const noexcept;
  std::uint16_t inner_port() const noexcept;  // cpprestsdk's: for tests that knock there

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::api
