// Calls that wait for a replica.
#include "gateway_fixture.h"

#include <thread>

namespace hearth::gateway {
namespace {

// While the start goes on: one that failed would have refused what was held.
bool await_held(World& world, std::uint32_t count) {
  return world.engine.await([&](const auto& engine) {
    return world.dispatcher.view({.name = "hello"})->held == count && engine.containers() == 1;
  });
}

// The head of a request whose body of `length` bytes follows.
std::string head_of_post(std::size_t length) {
  return "POST /fn/hello HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

// Answers each request with its own body.
void echo(Peer& peer) {
  while (true) {
    const auto head = peer.read_head();
    if (head.empty()) return;
    const auto length = head.find("Content-Length: ");
    peer.send(ok(peer.read_body(std::stoul(head.substr(length + 16)))));
  }
}

TEST(HeldCall, IsCancelledWhenItsClientLeaves) {
  struct Case {
    const char* name;
    std::string sent;
  };
  const std::string chunked = "POST /fn/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& [name, sent] : {
           Case{"without a body", get("/fn/hello")},
           Case{"with its whole body", post("/fn/hello", "whole")},
           Case{"with a body that is still to come", head_of_post(10)},
           Case{"with a part of its body", head_of_post(10) + "half"},
           Case{"with a whole chunked body", chunked + "2\r\nhi\r\n0\r\n\r\n"},
           Case{"with a part of a chunked body", chunked + "5\r\nhi"},
           Case{"with more of its body than a buffer takes", head_of_post(200'000) + std::string(150'000, 'b')},
           Case{"with the next request behind it", post("/fn/hello", "whole") + get("/fn/hello")},
       }) {
    World world(mirror, {.held = true});
    RawClient client(world.port());
    client.send(sent);
    ASSERT_TRUE(await_held(world, 1)) << name;
    client.leave();
    EXPECT_TRUE(await_held(world, 0)) << name;
    world.engine.let_start();
    EXPECT_EQ(world.upstream.connections(), 0) << name;
  }
}

TEST(HeldCall, TakesItsBodyInPartsThatComeWhileItWaits) {
  World world(echo, {.held = true});
  RawClient client(world.port());
  const std::string part(30'000, 'a'), rest(300'000, 'z');
  client.send(head_of_post(part.size() + 4 + rest.size()) + part);
  ASSERT_TRUE(await_held(world, 1));
  client.send("half");
  std::thread sender([&] { client.send(rest); });  // more than the systems' buffers may take
  world.engine.let_start();
  EXPECT_TRUE(client.receive_answer().ends_with("\r\n\r\n" + part + "half" + rest));
  sender.join();
}

TEST(HeldCall, KeepsTheRequestsBehindItInOrder) {
  World world(echo, {.held = true});
  RawClient client(world.port());
  client.send(post("/fn/hello", "first") + head_of_post(6) + "sec");
  ASSERT_TRUE(await_held(world, 1));
  client.send("ond" + post("/fn/hello", "third"));
  world.engine.let_start();
  for (const auto* body : {"first", "second", "third"}) EXPECT_TRUE(client.receive_answer().ends_with(body)) << body;
}

TEST(HeldCall, IsNeverHeldWhereItsBodyIsSeenToBeMalformed) {
  World world(mirror, {.held = true});
  RawClient client(world.port());
  client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
  EXPECT_EQ(status_of(client.receive_answer()), 400);
  EXPECT_EQ(world.engine.starts(), 0u);
}

TEST(HeldCall, IsA504AtItsDeadline) {
  World world(mirror, {.limits = {.timeout = 150ms}, .held = true});
  RawClient client(world.port());
  client.send(get("/fn/hello"));
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 504);
  EXPECT_TRUE(has(answer, "held;dur="));
  world.engine.let_start();
}

}  // namespace
}  // namespace hearth::gateway
