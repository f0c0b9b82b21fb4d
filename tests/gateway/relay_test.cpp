#include "gateway_fixture.h"

#include <cstdlib>
#include <fstream>
#include <latch>
#include <thread>

namespace hearth::gateway {
namespace {

TEST(Relay, PassesEventsOnAsTheyAreWritten) {
  std::latch seen{1};
  World world([&](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    peer.send("data: 1\n\n");
    seen.wait();  // the client has the first before the second is written
    peer.send("data: 2\n\n");
  });
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  client.receive_until("9\r\ndata: 1\n\n\r\n");
  seen.count_down();
  EXPECT_TRUE(client.receive_until("\r\n0\r\n\r\n").ends_with("9\r\ndata: 2\n\n\r\n0\r\n\r\n"));
}

TEST(Relay, GivesAnOldClientTheBodyWithoutChunks) {
  World world([&](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
    peer.await_end();
  });
  RawClient client(world.port());
  client.send("GET /fn/hello HTTP/1.0\r\n\r\n");
  const auto& answer = client.receive_to_end();
  EXPECT_TRUE(answer.ends_with("\r\n\r\nabcdef"));
  EXPECT_FALSE(has(answer, "chunked"));
}

TEST(Relay, PassesTrailersBothWays) {
  std::string request;
  World world([&](Peer& peer) {
    peer.read_head();
    request = peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");
    peer.await_end();
  });
  RawClient client(world.port());
  client.send(
      "POST /fn/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-In: 2\r\n\r\n");
  EXPECT_TRUE(client.receive_until("X-Sum").ends_with("1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"));
  EXPECT_EQ(request, "2\r\nhi\r\n0\r\nX-In: 2\r\n\r\n");
}

TEST(Relay, AnswersToHeadAnd204And304HaveNoBody) {
  World world([&](Peer& peer) {
    while (true) {
      const auto head = peer.read_head();
      if (head.empty()) return;
      if (head.starts_with("HEAD")) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
      if (has(head, " /204 ")) peer.send("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
      if (has(head, " /304 ")) peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n");
    }
  });
  RawClient client(world.port());
  client.send("HEAD /fn/hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(has(client.receive_until("\r\n\r\n"), "Content-Length: 500\r\n"));
  client.forget();
  client.send(get("/fn/hello/204"));
  EXPECT_FALSE(has(client.receive_until("\r\n\r\n"), "Content-Length"));
  client.forget();
  client.send(get("/fn/hello/304"));
  EXPECT_EQ(status_of(client.receive_until("\r\n\r\n")), 304);
  EXPECT_EQ(world.upstream.connections(), 1);
}

TEST(Relay, PassesEarlyHintsAndSwallowsA100) {
  World world([&](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + ok("x"));
    peer.await_end();
  });
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  const auto& all = client.receive_until("\r\n\r\nx");
  EXPECT_TRUE(all.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n")) << all;
}

TEST(Relay, Sends100OnlyOnceTheBodyIsGoingToBeRead) {
  World world(mirror, {.held = true});
  RawClient client(world.port());
  client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(world.engine.await([](const auto& engine) { return engine.starts() == 1; }));
  EXPECT_EQ(::recv(client.fd(), nullptr, 0, MSG_DONTWAIT), -1);  // nothing while it is held
  world.engine.let_start();
  client.receive_until("HTTP/1.1 100 Continue\r\n\r\n");
  client.forget();
  client.send("abc");
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_FALSE(has(answer, "Expect:"));
}

TEST(Relay, AnswersPipelinedRequestsInOrder) {
  World world(mirror);
  RawClient client(world.port());
  std::string all;
  for (int i = 0; i < 50; ++i) all += post("/fn/hello/" + std::to_string(i), "body");
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(has(client.receive_answer(), "POST /" + std::to_string(i) + " HTTP/1.1")) << i;
  }
}

TEST(Relay, RefusesABodyOverTheLimitBeforeReadingItOrCutsItMidway) {
  World world([](Peer& peer) { peer.read_head(), peer.await_end(); }, {.limits = {.body = domain::kibibytes(100)}});
  RawClient known(world.port());
  known.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 200000\r\n\r\n");
  EXPECT_EQ(status_of(known.receive_to_end()), 413);
  EXPECT_EQ(world.upstream.connections(), 0);
  RawClient unknown(world.port());
  unknown.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
  for (int i = 0; i < 10; ++i) unknown.send(chunk);
  EXPECT_EQ(status_of(unknown.receive_to_end()), 413);
}

TEST(Relay, RefusesBadChunksMidway) {
  World world([](Peer& peer) { peer.read_head(), peer.await_end(); });
  RawClient client(world.port());
  client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  ASSERT_TRUE(world.upstream.await_connections(1));
  client.send("zz\r\n");
  EXPECT_EQ(status_of(client.receive_to_end()), 400);
}

TEST(Relay, PassesAnAnswerThatComesBeforeTheRequestsEnd) {
  World world([](Peer& peer) { peer.read_head(), peer.send(ok("enough")), peer.await_end(); });
  RawClient client(world.port());
  client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nstart");
  EXPECT_TRUE(client.receive_until("enough").ends_with("\r\n\r\nenough"));
}

TEST(Relay, StreamsBothWaysAtOnce) {
  World world([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; ++i)
      peer.send("4\r\n" + peer.read_until("\r\n").substr(0, 0) + peer.read_until("\r\n").substr(0, 4) + "\r\n");
    peer.send("0\r\n\r\n");
    peer.await_end();
  });
  RawClient client(world.port());
  client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const std::string word : {"ping", "pong", "done"}) {
    client.send("4\r\n" + word + "\r\n");
    client.receive_until(word);
  }
  client.send("0\r\n\r\n");
  client.receive_until("\r\n0\r\n\r\n");
}

std::size_t resident_mebibytes() {
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0;
  status >> pages >> pages;
  return pages * 4096 >> 20;
}

TEST(Relay, AGreatUploadDoesNotGrowMemory) {
  const char* wish = std::getenv("HEARTH_TEST_UPLOAD_MIB");
  const std::size_t size = (wish ? std::stoul(wish) : 256) << 20;
  World world([size](Peer& peer) { peer.read_head(), peer.send(ok(std::to_string(peer.drain(size)))); },
              {.limits = {.timeout = 120s, .body = domain::gibibytes(8)}});
  RawClient client(world.port());
  client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  const std::string piece(1 << 20, 'x');
  const auto before = resident_mebibytes();
  auto most = before;
  for (std::size_t sent = 0; sent < size; sent += piece.size()) {
    ASSERT_TRUE(client.send(piece));
    most = std::max(most, resident_mebibytes());
  }
  EXPECT_TRUE(client.receive_answer().ends_with("\r\n\r\n" + std::to_string(size)));
  EXPECT_LT(most - before, 32u);
}

// No two stretches of it are alike.
std::string long_body(std::size_t size) {
  std::string body;
  while (body.size() < size) body += std::to_string(body.size()) + '.';
  body.resize(size);
  return body;
}

TEST(Relay, PassesLongBodiesWholeAndNothingOfWhatFollowsThem) {
  const auto body = long_body(1'000'003);
  World world([&](Peer& peer) {
    for (std::string head; !(head = peer.read_head()).empty();) {
      const bool is_long = head.starts_with("POST");
      peer.send(ok(!is_long ? "next" : peer.read_body(body.size()) == body ? body : "another body"));
    }
  });
  RawClient client(world.port());
  for (int i = 0; i < 3; ++i) {
    std::jthread sender([&] { client.send(post("/fn/hello", body) + get("/fn/hello")); });
    EXPECT_TRUE(client.receive_answer().ends_with("\r\n\r\n" + body));
    EXPECT_TRUE(client.receive_answer().ends_with("\r\n\r\nnext"));
  }
  EXPECT_EQ(world.upstream.connections(), 1);
}

// More than there are wide blocks for on a thread.
TEST(Relay, PassesManyLongBodiesThatWaitForTheirFunction) {
  constexpr int kClients = 24;
  const auto body = long_body(700'000);
  std::latch all{kClients};
  World world(
      [&](Peer& peer) {
        peer.read_head();
        all.arrive_and_wait();
        peer.send(ok(peer.read_body(body.size()) == body ? "whole" : "another body"));
        peer.await_end();
      },
      {.limits = {.concurrency = kClients}, .threads = 1});
  std::vector<std::jthread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      RawClient client(world.port());
      client.send(post("/fn/hello", body));
      EXPECT_TRUE(client.receive_answer().ends_with("whole"));
    });
  }
}

TEST(Relay, AGreatAnswerToASlowClientDoesNotGrowMemory) {
  constexpr std::size_t kSize = 64 << 20;
  World world([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    const std::string piece(1 << 20, 'y');
    for (std::size_t sent = 0; sent < kSize && peer.send(piece); sent += piece.size()) {
    }
    peer.await_end();
  });
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  std::size_t total = 0;
  const auto before = resident_mebibytes();
  auto most = before;
  client.receive_until("\r\n\r\n");
  while (total < kSize) {
    char buffer[65536];
    const auto count = ::recv(client.fd(), buffer, sizeof buffer, 0);
    ASSERT_GT(count, 0);
    total += static_cast<std::size_t>(count);
    most = std::max(most, resident_mebibytes());
    if (total + 65536 >= kSize) break;  // what came with the head was not counted
  }
  EXPECT_LT(most - before, 32u);
}

TEST(Relay, CutsAClientThatTakesNothing) {
  std::atomic<bool> ended{false};
  World world(
      [&](Peer& peer) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        const std::string piece(1 << 20, 'y');
        while (peer.send(piece)) {
        }
        ended = true;
      },
      {.http = {.write_idle = 200ms}});
  RawClient client(world.port(), 4096);
  client.send(get("/fn/hello"));
  EXPECT_TRUE(world.engine.await([&](const auto&) { return ended.load(); }));
}

TEST(Relay, EndsAnUploadThatTheFunctionDoesNotReadWhenItsClientLeaves) {
  std::latch done{1};
  World world([&](Peer& peer) { peer.read_head(), done.wait(); });
  const auto in_flight = [&] {
    const auto view = *world.dispatcher.view({.name = "hello"});
    return view.replicas.empty() ? 0u : view.replicas[0].in_flight;
  };
  RawClient client(world.port());
  client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(250'000, 'x'));
  EXPECT_TRUE(world.engine.await([&](const auto&) { return in_flight() == 1; }));
  client.leave();
  EXPECT_TRUE(world.engine.await([&](const auto&) { return in_flight() == 0; }));
  done.count_down();
}

TEST(Relay, EndsAnUploadThatStops) {
  World world([](Peer& peer) { peer.read_head(), peer.await_end(); }, {.http = {.body_idle = 150ms, .linger = 50ms}});
  RawClient client(world.port());
  client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome");
  EXPECT_EQ(status_of(client.receive_to_end()), 408);
}

}  // namespace
}  // namespace hearth::gateway
