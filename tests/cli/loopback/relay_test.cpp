// A port that stays while what it leads to moves: real sockets on 127.0.0.1.
#include "cli/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace hearth::cli {
namespace {

using testing::HasSubstr;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A connection as a debugger's client or the debugger itself has it; each wait ends within a minute.
class Connection {
 public:
  explicit Connection(int descriptor) : descriptor_(descriptor) {
    const timeval minute{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof minute);
  }
  ~Connection() { ::close(descriptor_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void finish() const { ::shutdown(descriptor_, SHUT_WR); }
  // `size` bytes; fewer where the other side has ended.
  std::string receive(std::size_t size) const {
    std::string all;
    std::string piece(64 * 1024, '\0');
    while (all.size() < size) {
      const auto count = ::recv(descriptor_, piece.data(), std::min(piece.size(), size - all.size()), 0);
      EXPECT_TRUE(count >= 0 || errno == ECONNRESET) << "it did not end";
      if (count <= 0) break;
      all.append(piece, 0, static_cast<std::size_t>(count));
    }
    return all;
  }
  bool ended() const { return receive(1).empty(); }

 private:
  int descriptor_;
};

std::unique_ptr<Connection> connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  EXPECT_EQ(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return std::make_unique<Connection>(descriptor);
}

// A debugger that a test answers for.
class Debugger {
 public:
  Debugger() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = loopback(0);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Debugger() { ::close(listener_); }
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

  std::uint16_t port() const { return port_; }
  std::unique_ptr<Connection> accept() const {
    return std::make_unique<Connection>(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  int listener_;
  std::uint16_t port_ = 0;
};

TEST(Relay, PassesOnBothWays) {
  const Debugger debugger;
  Relay relay(0);
  relay.lead_to("127.0.0.1", debugger.port());
  const auto client = connect_to(relay.port());
  const auto there = debugger.accept();
  client->send("hello");
  EXPECT_EQ(there->receive(5), "hello");
  there->send("stopped");
  EXPECT_EQ(client->receive(7), "stopped");
  client->finish();
  EXPECT_TRUE(there->ended());
  there->send("bye");
  EXPECT_EQ(client->receive(3), "bye") << "one way may end before the other";
}

TEST(Relay, CarriesMuchBothWaysAtOnce) {
  const Debugger debugger;
  Relay relay(0);
  relay.lead_to("127.0.0.1", debugger.port());
  const auto client = connect_to(relay.port());
  const auto there = debugger.accept();
  const std::string much(16 << 20, 'x');
  {
    const std::jthread up([&] { client->send(much); });
    const std::jthread down([&] { there->send(much); });
    const std::jthread received([&] { EXPECT_EQ(client->receive(much.size()).size(), much.size()); });
    EXPECT_EQ(there->receive(much.size()).size(), much.size());
  }
}

TEST(Relay, EndsWhatLedElsewhereAndStaysWhereItIs) {
  const Debugger before;
  const Debugger after;
  Relay relay(0);
  relay.lead_to("127.0.0.1", before.port());
  const auto old = connect_to(relay.port());
  const auto there = before.accept();
  relay.lead_to("127.0.0.1", before.port());
  old->send("on");
  EXPECT_EQ(there->receive(2), "on") << "nothing has moved";

  relay.lead_to("127.0.0.1", after.port());
  EXPECT_TRUE(old->ended());
  EXPECT_TRUE(there->ended()) << "what stands at a breakpoint is let go by its client's end";
  const auto fresh = connect_to(relay.port());
  fresh->send("new");
  EXPECT_EQ(after.accept()->receive(3), "new");
}

TEST(Relay, EndsWhatLeadsNowhere) {
  Relay relay(0);
  EXPECT_TRUE(connect_to(relay.port())->ended()) << "nothing runs yet";
  std::uint16_t gone = 0;
  {
    const Debugger debugger;
    gone = debugger.port();
  }
  relay.lead_to("127.0.0.1", gone);
  EXPECT_TRUE(connect_to(relay.port())->ended()) << "nobody listens there";
}

TEST(Relay, EndsAllWithItself) {
  const Debugger debugger;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> there;
  {
    Relay relay(0);
    relay.lead_to("127.0.0.1", debugger.port());
    client = connect_to(relay.port());
    there = debugger.accept();
  }
  EXPECT_TRUE(client->ended());
  EXPECT_TRUE(there->ended());
}

TEST(Relay, TakesAPortThatIsFree) {
  const Debugger taken;
  try {
    const Relay relay(taken.port());
    ADD_FAILURE() << "two listen on one port";
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, domain::Code::conflict);
    EXPECT_THAT(error.fault().message, HasSubstr("127.0.0.1:" + std::to_string(taken.port())));
    EXPECT_THAT(error.fault().hint, HasSubstr("--debug=PORT"));
  }
}

}  // namespace
}  // namespace hearth::cli
