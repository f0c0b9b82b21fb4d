// WebSockets (RFC 6455) through the gateway, byte by byte; real clients and servers are in tests/e2e.
#include "gateway_fixture.h"

#include <latch>
#include <random>

namespace hearth::gateway {
namespace {

const std::string kHandshake =
    "GET /fn/hello/chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const std::string kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

// Opened, and the 101 taken off.
void open(RawClient& client) {
  client.send(kHandshake);
  EXPECT_TRUE(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 101 ")) << client.receive_until("");
  client.forget();
}

// Sends back what comes, until the other side ends.
void echo(Peer& peer) {
  peer.read_head();
  peer.send(kSwitch);
  for (auto some = peer.read_some(); !some.empty(); some = peer.read_some()) peer.send(some);
}

TEST(WebSocket, IsOpenedWithWhatBothSidesSaidAndCarriesBytesBothWays) {
  std::string head;
  World world([&](Peer& peer) {
    head = peer.read_head();
    peer.send(kSwitch + "first");
    peer.send("echo " + peer.read_until("!"));
    peer.await_end();
  });
  RawClient client(world.port());
  client.send(kHandshake + "early!");
  const auto answer = client.receive_until("echo early!");
  for (const auto* field : {"HTTP/1.1 101 Switching Protocols\r\n", "Connection: Upgrade\r\n", "Upgrade: websocket\r\n",
                            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
                            "Sec-WebSocket-Protocol: chat\r\n", "Hearth-Call-Id: ", "\r\n\r\nfirstecho early!"}) {
    EXPECT_TRUE(has(answer, field)) << field << answer;
  }
  for (const auto* field : {"GET /chat HTTP/1.1\r\n", "Connection: Upgrade\r\n", "Upgrade: websocket\r\n",
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Version: 13\r\n",
                            "Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Extensions: permessage-deflate\r\n"}) {
    EXPECT_TRUE(has(head, field)) << field << head;
  }
}

TEST(WebSocket, IsACallInFlightUntilItEnds) {
  World world(echo, {.limits = {.concurrency = 1}});
  auto client = std::make_unique<RawClient>(world.port());
  open(*client);
  EXPECT_TRUE(world.engine.await([&](const auto&) { return in_flight(world) == 1; }));
  client.reset();
  EXPECT_TRUE(world.engine.await([&](const auto&) { return in_flight(world) == 0; }));
  RawClient next(world.port());  // its slot is free, and its connection was not kept
  open(next);
  EXPECT_EQ(world.upstream.connections(), 2);
}

TEST(WebSocket, OutlivesTheCallsDeadlineAndSilence) {
  World world(echo, {.limits = {.timeout = 1s}, .http = {.idle = 100ms, .body_idle = 100ms, .write_idle = 100ms}});
  RawClient client(world.port());
  open(client);
  pollfd quiet{client.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&quiet, 1, 1'500), 0) << "nothing comes, not its end either";
  client.send("still here");
  client.receive_until("still here");
}

TEST(WebSocket, MustBeOpenedBeforeTheCallsDeadline) {
  World world([](Peer& peer) { peer.read_head(), peer.await_end(); }, {.limits = {.timeout = 150ms}});
  RawClient client(world.port());
  client.send(kHandshake);
  EXPECT_EQ(status_of(client.receive_answer()), 504);
}

TEST(WebSocket, EndsAfterItsIdleTimeAndAfterItsLongest) {
  for (const auto& limits :
       {TunnelLimits{.idle = 150ms, .longest = 0ms}, TunnelLimits{.idle = 0ms, .longest = 150ms}}) {
    World world(echo, {.http = {.linger = 50ms}, .web_sockets = limits});
    RawClient client(world.port());
    open(client);
    client.receive_to_end();
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(world.upstream.await_closed(1));
  }
}

TEST(WebSocket, OfAFunctionThatLeavesIsDeliveredToItsLastByteAndClosed) {
  const std::string last(3 << 20, 'z');
  World world([&](Peer& peer) {
    peer.read_head();
    peer.send(kSwitch);
    peer.send(last);
  });
  RawClient client(world.port());
  client.send(kHandshake + "never read");
  const auto& all = client.receive_to_end();
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(all.size() - (all.find("\r\n\r\n") + 4), last.size());
}

TEST(WebSocket, OfAClientThatLeavesIsClosedAtTheFunction) {
  World world(echo);
  {
    RawClient client(world.port());
    open(client);
    client.send("words");
    client.receive_until("words");
  }
  EXPECT_TRUE(world.upstream.await_closed(1));
}

TEST(WebSocket, IsClosedWhenTheFunctionIsRemovedOrTheGatewayStops) {
  for (const bool removed : {true, false}) {
    World world(echo);
    RawClient client(world.port());
    open(client);
    const auto before = std::chrono::steady_clock::now();
    if (removed) world.dispatcher.remove(world.revision.function, 20s);
    if (!removed) world.gateway->stop(20s);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 15s) << "it does not use the drain time up";
    client.receive_to_end();
    EXPECT_TRUE(client.ended());
  }
}

TEST(WebSocket, IsClosedWhenANewRevisionHasTakenOver) {
  World world(echo);
  RawClient client(world.port());
  open(client);
  world.revision.number = 2;
  world.dispatcher.serve(world.revision);
  client.receive_to_end();
  EXPECT_TRUE(client.ended());
}

TEST(WebSocket, HoldsTheFastSideBackWhileTheSlowOneDoesNotRead) {
  std::latch go{1};
  std::atomic<std::size_t> sent{0};
  constexpr std::size_t kSize = 64 << 20;
  World world([&](Peer& peer) {
    peer.read_head();
    peer.send(kSwitch);
    const std::string piece(1 << 20, 'y');
    while (sent < kSize && peer.send(piece)) sent += piece.size();
    go.wait();
  });
  RawClient client(world.port(), 4096);
  open(client);
  // It is held back once it does not get on for a while.
  std::size_t seen = 0;
  do {
    seen = sent;
    ::poll(nullptr, 0, 200);
  } while (seen != sent);
  EXPECT_LT(sent, kSize / 2);
  std::size_t taken = 0;
  char buffer[65536];
  while (taken < seen) {
    const auto count = ::recv(client.fd(), buffer, sizeof buffer, 0);
    ASSERT_GT(count, 0);
    taken += static_cast<std::size_t>(count);
  }
  EXPECT_TRUE(world.engine.await([&](const auto&) { return sent > seen; }));
  client.leave();
  go.count_down();
}

// Frames of every kind and no frames at all: nothing of it is read here, all of it comes back.
TEST(WebSocket, CarriesAnyBytesInAnyPiecesUnchanged) {
  World world(echo);
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    RawClient client(world.port());
    open(client);
    std::string all;
    while (all.size() < 200'000) {
      std::string piece(1 + random() % (random() % 8 == 0 ? 70'000 : 200), '\0');
      for (auto& byte : piece) byte = static_cast<char>(random());
      all += piece;
      ASSERT_TRUE(client.send(piece));
      const auto& back = client.receive_until([&](std::string_view got) { return got.size() >= all.size(); });
      ASSERT_EQ(back.size(), all.size());
    }
    EXPECT_EQ(client.receive_until(""), all) << seed;
  }
}

TEST(WebSocket, ThatTheFunctionDeclinesIsAnAnswerAsAnyOther) {
  World world([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 2\r\n\r\nno");
    peer.read_head();
    peer.send(ok("next"));
  });
  RawClient client(world.port());
  client.send(kHandshake);
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 426);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nno"));
  client.send(get("/fn/hello"));
  EXPECT_TRUE(client.receive_answer().ends_with("next"));
  EXPECT_EQ(world.upstream.connections(), 1);
}

TEST(WebSocket, ThatNobodyAskedForIsA502) {
  struct Case {
    std::string request;
    std::string answer;
  };
  const std::string h2c = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
  for (const auto& [asked, answered] :
       {Case{get("/fn/hello"), kSwitch}, Case{kHandshake, h2c}, Case{kHandshake, "HTTP/1.1 101 Switching\r\n\r\n"},
        Case{kHandshake, "HTTP/1.0 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"}}) {
    World world([text = answered](Peer& peer) { peer.read_head(), peer.send(text), peer.await_end(); });
    RawClient client(world.port());
    client.send(asked + get("/fn/hello/smuggled"));
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 502) << answered;
    EXPECT_TRUE(has(answer, "switched")) << answer;
  }
}

// What is no handshake is a plain request: its Upgrade goes no further, and what follows it is the next request.
TEST(WebSocket, IsNotOpenedByHalfAHandshake) {
  const std::string fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  for (const std::string& bytes :
       {"POST /fn/hello HTTP/1.1\r\nHost: h\r\n" + fields + "Content-Length: 0\r\n\r\n",
        "GET /fn/hello HTTP/1.1\r\nHost: h\r\n" + fields + "Content-Length: 3\r\n\r\nabc",
        "GET /fn/hello HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n" + std::string(),
        "GET /fn/hello HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + std::string(),
        "GET /fn/hello HTTP/1.0\r\nHost: h\r\nConnection: Upgrade, keep-alive\r\nUpgrade: websocket\r\n\r\n" +
            std::string()}) {
    World world(mirror);
    RawClient client(world.port());
    client.send(bytes);
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 200) << bytes;
    EXPECT_FALSE(has(answer, "Upgrade: ")) << answer;
    client.send(get("/fn/hello/next"));
    EXPECT_TRUE(has(client.receive_answer(), "GET /next ")) << bytes;
  }
}

TEST(WebSocket, EndsWithoutATraceWhenBothSidesLeaveAtOnce) {
  for (int round = 0; round < 50; ++round) {
    std::latch ready{1};
    World world([&](Peer& peer) {
      peer.read_head();
      peer.send(kSwitch);
      ready.count_down();
    });
    RawClient client(world.port());
    client.send(kHandshake + std::string(100'000, 'x'));
    ready.wait();
    client.leave();
    EXPECT_TRUE(world.engine.await([&](const auto&) { return in_flight(world) == 0; }));
  }
}

}  // namespace
}  // namespace hearth::gateway
