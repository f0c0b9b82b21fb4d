// The real gateway and dispatcher over an engine in memory, before a scripted upstream.
#pragma once

#include "control/dispatcher.h"
#include "fakes/fake_engine.h"
#include "gateway/gateway.h"
#include "http/raw_client.h"
#include "scripted_upstream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hearth::gateway {

using namespace std::chrono_literals;
using http::RawClient;
using http::status_of;

// Connects to one path, whatever is asked for.
class PathHost final : public ports::Doors {
 public:
  explicit PathHost(std::string path) : path_(std::move(path)) {}

  ports::Descriptor connect(const ports::UnixAddress&) override {
    if (lost_) {
      ++refused_;
      throw domain::Error(domain::Code::unavailable, domain::Layer::function, "nothing listens at the socket");
    }
    if (dying_) {
      int ends[2] = {-1, -1};
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
      ::close(ends[1]);
      ++refused_;
      return ports::Descriptor{ends[0]};
    }
    ports::Descriptor descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(descriptor.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw domain::Error(domain::Code::unavailable, domain::Layer::function, "nothing listens at the socket");
    }
    return descriptor;
  }

  // Whether whoever listened there is gone; and how many have found that out.
  void lose(bool lost = true) { lost_ = lost; }
  // Or is dying: what connects is closed before it could be sent to.
  void let_die(bool dying = true) { dying_ = dying; }
  int refused() const { return refused_; }

 private:
  std::string path_;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> dying_ = false;
  std::atomic<int> refused_ = 0;
};

struct Deployed {
  domain::Limits limits = {};
  bool templated = false;
  bool tcp = false;
  bool held = false;  // its start waits for engine.let_start()
  bool starts = true;
  std::uint32_t max_held = 1000;
  http::Limits http = {.linger = 200ms};
  std::uint32_t threads = 2;
  std::vector<domain::HttpTrigger> triggers = {};
  TunnelLimits web_sockets = {};
};

// One function, "hello", whose replicas are all the one upstream.
class World {
 public:
  explicit World(ScriptedUpstream::Script script, const Deployed& as = {})
      : upstream(std::move(script)),
        host(upstream.path()),
        dispatcher(engine, clock, {.gateway_threads = 4, .max_held = as.max_held}) {
    engine.tell(dispatcher);
    using Kind = FakeEngine::Behaviour::Kind;
    FakeEngine::Behaviour behaviour{.kind = as.starts ? Kind::serves : Kind::exits,
                                    .held = as.held,
                                    .address = ports::UnixAddress{.replica = 1, .owner = "test"},
                                    .from = domain::StartedFrom::cell};
    if (as.tcp) behaviour.address = ports::TcpAddress{"127.0.0.1", upstream.port()};
    engine.behave(behaviour);
    revision.function = {.space = "default", .name = "hello"};
    revision.number = 1;
    revision.state = domain::RevisionState::ready;
    revision.image = "hello";
    revision.spec.name = revision.function;
    if (as.templated) revision.spec.runtime = "python";
    if (!as.templated) revision.spec.image = "hello";
    revision.spec.limits = as.limits;
    revision.spec.scale.max = 1;
    revision.spec.http_triggers = as.triggers;
    dispatcher.serve(revision);
    gateway.emplace(dispatcher, host,
                    Gateway::Settings{.server = {.address = "127.0.0.1:0", .threads = as.threads, .limits = as.http},
                                      .web_sockets = as.web_sockets});
    gateway->start();
  }
  ~World() { gateway.reset(); }

  std::uint16_t port() const { return gateway->port(); }
  // The same revision, with other triggers.
  void serve_with(std::vector<domain::HttpTrigger> triggers) {
    revision.spec.http_triggers = std::move(triggers);
    dispatcher.serve(revision);
  }

  using FakeEngine = tests::FakeEngine;
  ScriptedUpstream upstream;
  PathHost host;
  FakeEngine engine;
  ports::SystemClock clock;
  domain::Revision revision;
  control::Dispatcher dispatcher;  // for as many threads as any test has
  std::optional<Gateway> gateway;
};

inline std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n"; }
inline std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}
inline std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// Answers each request with its own head.
inline void mirror(Peer& peer) {
  while (true) {
    const auto head = peer.read_head();
    if (head.empty()) return;
    const auto length = head.find("Content-Length: ");
    if (length != head.npos) peer.read_body(std::stoul(head.substr(length + 16)));
    peer.send(ok(head.starts_with("HEAD ") ? "" : head));
  }
}

// Calls of "hello" that are at a replica.
inline std::uint32_t in_flight(const World& world) {
  const auto view = *world.dispatcher.view({.space = "default", .name = "hello"});
  return view.replicas.empty() ? 0u : view.replicas[0].in_flight;
}

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace hearth::gateway
