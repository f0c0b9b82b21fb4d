#include "gateway_fixture.h"

namespace hearth::gateway {
namespace {

TEST(Call, ReachesItsFunctionWithTheRestOfThePathAndSaysWhoAndWhen) {
  World world(mirror);
  RawClient client(world.port());
  client.send(
      "GET /fn/hello/a%2Fb/../c?x=1 HTTP/1.1\r\nHost: shop.example\r\nHearth-Call-Id: forged\r\n"
      "Connection: X-Mine\r\nX-Mine: hop\r\nX-Forwarded-For: 6.6.6.6\r\nX-Kept: yes\r\n\r\n");
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(has(answer, "GET /a%2Fb/../c?x=1 HTTP/1.1\r\n"));
  EXPECT_TRUE(has(answer, "X-Forwarded-For: 127.0.0.1\r\n"));
  EXPECT_TRUE(has(answer, "X-Forwarded-Host: shop.example\r\n"));
  EXPECT_TRUE(has(answer, "X-Forwarded-Prefix: /fn/hello\r\n"));
  EXPECT_TRUE(has(answer, "X-Kept: yes\r\n"));
  EXPECT_TRUE(has(answer, "Hearth-Deadline-Ms: "));
  EXPECT_TRUE(has(answer, "traceparent: 00-"));
  EXPECT_TRUE(has(answer, "Server-Timing: "));
  EXPECT_FALSE(has(answer, "forged"));
  EXPECT_FALSE(has(answer, "6.6.6.6"));
  EXPECT_FALSE(has(answer, "X-Mine"));
  // The id that the client is told is the one that the function was told.
  const auto id = answer.substr(answer.find("Hearth-Call-Id: ") + 16, 32);
  EXPECT_NE(answer.find(id), answer.rfind(id));
}

TEST(Call, OfAnUnknownFunctionIsA404WithAHint) {
  World world(mirror);
  RawClient client(world.port());
  for (const auto* path : {"/fn/nobody", "/elsewhere", "/fn/", "/fn/other.hello"}) {
    client.send(get(path));
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 404) << path;
    EXPECT_TRUE(has(answer, "application/problem+json")) << path;
    EXPECT_TRUE(has(answer, R"("hint":)")) << path;
    EXPECT_TRUE(has(answer, "Hearth-Call-Id: ")) << path;
  }
}

TEST(Call, IsHeldWhileItsReplicaStartsAndTellsWhatItWaitedFor) {
  World world(mirror, {.held = true});
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  ASSERT_TRUE(world.engine.await([](const auto& engine) { return engine.starts() == 1; }));
  world.engine.let_start();
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 200);
  for (const auto* part : {"held;dur=", "cold;dur=7.000;desc=\"cell\", init;dur=", "exec;dur="}) {
    EXPECT_TRUE(has(answer, part)) << answer;
  }
}

TEST(Call, IsA504WhenTheFunctionDoesNotAnswerInTime) {
  World world([](Peer& peer) { peer.read_head(), peer.await_end(); }, {.limits = {.timeout = 150ms}});
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 504);
  EXPECT_TRUE(has(answer, R"("layer":"function")"));
  EXPECT_TRUE(has(answer, "exec;dur="));
}

TEST(Call, EndsAtTheFunctionWhenItsClientLeaves) {
  std::atomic<bool> ended{false};
  World world([&](Peer& peer) { peer.read_head(), ended = peer.await_end(); });
  {
    RawClient client(world.port());
    client.send(get("/fn/hello"));
    ASSERT_TRUE(world.upstream.await_connections(1));
  }
  EXPECT_TRUE(world.engine.await([&](const auto&) { return ended.load(); }));
}

TEST(Call, UsesItsSlotsConnectionAgain) {
  World world(mirror);
  RawClient client(world.port());
  for (int i = 0; i < 5; ++i) {
    client.send(post("/fn/hello", "ten bytes!"));
    EXPECT_EQ(status_of(client.receive_answer()), 200);
  }
  EXPECT_EQ(world.upstream.connections(), 1);
}

TEST(Call, UsesItsSlotsConnectionAgainFromAnotherThread) {
  // One slot: every thread's calls must share the one connection.
  World world(mirror, {.limits = {.concurrency = 1}, .threads = 4});
  for (int i = 0; i < 24; ++i) {
    RawClient client(world.port());
    client.send(get("/fn/hello"));
    EXPECT_EQ(status_of(client.receive_answer()), 200);
  }
  EXPECT_EQ(world.upstream.connections(), 1);
}

TEST(Call, ReachesAFunctionThatListensOnAPort) {
  World world(mirror, {.tcp = true});
  RawClient client(world.port());
  client.send(get("/fn/hello/x"));
  EXPECT_TRUE(has(client.receive_answer(), "GET /x HTTP/1.1\r\n"));
}

// A kept connection that its server closes just as the next call comes.
void close_when_asked_again(Peer& peer) {
  peer.read_head();
  peer.send(ok(std::to_string(peer.number())));
  peer.read_head();
}

TEST(Call, OnAKeptConnectionThatClosesIsTriedAgainWhenItsMethodAllows) {
  for (const auto* method : {"GET", "PUT", "DELETE"}) {
    World world(close_when_asked_again, {.templated = true});
    RawClient client(world.port());
    const auto request = std::string(method) + " /fn/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab";
    client.send(request);
    EXPECT_TRUE(client.receive_answer().ends_with("\r\n\r\n1")) << method;
    client.send(request);
    const auto again = client.receive_answer();
    EXPECT_EQ(status_of(again), 200) << method;
    EXPECT_EQ(world.upstream.connections(), 2) << method;
  }
}

TEST(Call, ThatMayHaveHadAnEffectIsNotTriedAgain) {
  World world(close_when_asked_again, {.templated = true});
  RawClient client(world.port());
  client.send(post("/fn/hello", "pay"));
  EXPECT_EQ(status_of(client.receive_answer()), 200);
  client.send(post("/fn/hello", "pay"));
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 502);
  EXPECT_TRUE(has(answer, R"("layer":"function")"));
  EXPECT_EQ(world.upstream.connections(), 1);
}

TEST(Call, FindsThatAForeignServerHasClosedItsKeptConnection) {
  World world([](Peer& peer) { peer.read_head(), peer.send(ok("once")); });
  RawClient client(world.port());
  for (int i = 1; i <= 3; ++i) {
    client.send(post("/fn/hello", "pay"));
    EXPECT_EQ(status_of(client.receive_answer()), 200);
    ASSERT_TRUE(world.upstream.await_closed(i));
  }
  EXPECT_EQ(world.upstream.connections(), 3);
}

// As one of ours does whose container runtime has no unix socket on the host: sending to a closed one succeeds there.
TEST(Call, FindsThatARuntimesServerOnAPortHasClosedItsKeptConnection) {
  World world([](Peer& peer) { peer.read_head(), peer.read_body(3), peer.send(ok("once")); },
              {.templated = true, .tcp = true});
  RawClient client(world.port());
  for (int i = 1; i <= 3; ++i) {
    client.send(post("/fn/hello", "pay"));
    EXPECT_EQ(status_of(client.receive_answer()), 200);
    ASSERT_TRUE(world.upstream.await_closed(i));
    std::this_thread::sleep_for(5ms);  // what was kept for less than one is not looked at
  }
  EXPECT_EQ(world.upstream.connections(), 3);
}

TEST(Call, TakesOffWhatAFunctionWouldTakeForOurs) {
  World world(mirror);
  RawClient client(world.port());
  for (const auto* name : {"Forwarded", "X-Real-IP", "x_real_ip", "X-Forwarded-Port", "X-Forwarded-Ssl",
                           "X_Forwarded_For", "X-Forwarded_Host", "Hearth_Call_Id", "Hearth-Deadline_Ms", "Hearth-Ask",
                           "hearth_ask", "Hearth_Param_id", "hearth-param_id"}) {
    client.send("GET /fn/hello HTTP/1.1\r\nHost: h\r\n" + std::string(name) + ": forged\r\n\r\n");
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 200) << name;
    EXPECT_FALSE(has(answer, "forged")) << name;
  }
  for (const auto* name : {"Forwarded-By", "X-Real-IP-2", "X-Forward", "Hearth-Params", "X_Mine", "Hearth-Call"}) {
    client.send("GET /fn/hello HTTP/1.1\r\nHost: h\r\n" + std::string(name) + ": theirs\r\n\r\n");
    EXPECT_TRUE(has(client.receive_answer(), std::string(name) + ": theirs\r\n")) << name;
  }
}

TEST(Call, DoesNotKeepAConnectionLongerThanItsServerSays) {
  World world([](Peer& peer) {
    while (!peer.read_head().empty()) {
      peer.send("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 1\r\n\r\nx");
    }
  });
  RawClient client(world.port());
  for (int i = 1; i <= 3; ++i) {
    client.send(get("/fn/hello"));
    const auto answer = client.receive_answer();
    EXPECT_FALSE(has(answer, "Keep-Alive"));
    EXPECT_EQ(world.upstream.connections(), i);
  }
}

TEST(Call, IsA502WithTheReasonWhenItsFunctionDies) {
  World* there = nullptr;
  World world([&](Peer& peer) {
    peer.read_head();
    there->engine.die(there->engine.running().front(), {.code = 137, .out_of_memory = true});
  });
  there = &world;
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 502);
  EXPECT_TRUE(has(answer, "memory")) << answer;
}

TEST(Call, OnAKeptConnectionWhoseReplicaDiesOfItGoesToNoOther) {
  World* there = nullptr;
  std::atomic<int> heads = 0;
  World world(
      [&](Peer& peer) {
        peer.read_head();
        peer.send(ok("warm"));
        if (peer.read_head().empty()) return;
        ++heads;
        there->host.lose();
        there->engine.die(there->engine.running().front(), {.code = 137});
      },
      {.templated = true});
  there = &world;
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  EXPECT_EQ(status_of(client.receive_answer()), 200);
  client.send(get("/fn/hello"));
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 502);
  EXPECT_TRUE(has(answer, "killed by signal 9")) << answer;
  EXPECT_EQ(heads, 1);
  EXPECT_EQ(world.host.refused(), 1);
}

// The kernel closes a dead process's connections before what it listens at.
TEST(Call, WhoseReplicaTakesAConnectionAsItDiesOfItGoesToNoOther) {
  World* there = nullptr;
  std::atomic<int> heads = 0;
  World world(
      [&](Peer& peer) {
        if (peer.number() > 1) {
          if (!peer.read_head().empty()) ++heads;
          return;
        }
        peer.read_head();
        peer.send(ok("warm"));
        if (peer.read_head().empty()) return;
        ++heads;
        there->host.let_die();
      },
      {.templated = true});
  there = &world;
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  EXPECT_EQ(status_of(client.receive_answer()), 200);
  const auto dead = world.engine.running().front();
  client.send(get("/fn/hello"));
  EXPECT_TRUE(world.engine.await([&](const auto&) { return world.host.refused() > 0; }));
  world.host.let_die(false);
  world.engine.die(dead, {.code = 137});
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 502);
  EXPECT_TRUE(has(answer, "killed by signal 9")) << answer;
  EXPECT_EQ(heads, 1);
}

TEST(Call, ThatComesJustAfterADeathIsServedByTheNextReplica) {
  World world([](Peer& peer) { peer.read_head(), peer.send(ok("served")); }, {.templated = true});
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  EXPECT_EQ(status_of(client.receive_answer()), 200);
  ASSERT_TRUE(world.upstream.await_closed(1));
  const auto dead = world.engine.running().front();
  world.host.lose();  // the engine tells of the death later than its socket does
  client.send(get("/fn/hello"));
  EXPECT_TRUE(world.engine.await([&](const auto&) { return world.host.refused() > 0; }));
  world.host.lose(false);
  world.engine.die(dead, {.code = 137});
  EXPECT_EQ(status_of(client.receive_answer()), 200);
  EXPECT_EQ(world.engine.starts(), 2u);
}

TEST(Call, WhoseAnswerBreaksOffIsCutSoThatItIsSeen) {
  World world([](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  });
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  const auto& answer = client.receive_to_end();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(answer.ends_with("5\r\nhello\r\n"));
}

TEST(Call, WhoseAnswerIsNotHttpIsA502ThatSaysSo) {
  struct Case {
    const char* answer;
    const char* reason;
  };
  for (const auto& [bad, reason] :
       {Case{"hello\r\n\r\n", "status line"}, Case{"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "line feed"},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "two"},
        Case{"HTTP/1.1 101 Switching\r\n\r\n", "switched"}}) {
    World world([&, text = std::string(bad)](Peer& peer) { peer.read_head(), peer.send(text), peer.await_end(); });
    RawClient client(world.port());
    client.send(get("/fn/hello"));
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 502) << bad;
    EXPECT_TRUE(has(answer, reason)) << answer;
    EXPECT_TRUE(has(answer, R"("layer":"function")")) << answer;
  }
}

}  // namespace
}  // namespace hearth::gateway
