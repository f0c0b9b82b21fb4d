// A port of this machine that leads to where a debugger is at the moment: it stays the same while that moves. Reached
// from this machine alone. Any thread.
#pragma once

#include "domain/error.h"

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace hearth::cli {

class Relay {
 public:
  // Listens on 127.0.0.1; 0: any port. Throws `conflict` where another one listens there.
  explicit Relay(std::uint16_t port);
  ~Relay();  // ends all connections
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::uint16_t port() const { return port_; }

  // Connections lead to `host`, a numeric address, from now on; those that led elsewhere are ended. Before the first of
  // these all are.
  void lead_to(const std::string& host, std::uint16_t port);

 private:
  class Passage;

  void accept_all();

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::string host_;
  std::uint16_t to_ = 0;
  std::list<std::unique_ptr<Passage>> passages_;
  std::jthread thread_;
};

}  // namespace hearth::cli
