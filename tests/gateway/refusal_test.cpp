// Calls that are refused: with what, and when to come back.
#include "gateway_fixture.h"

namespace hearth::gateway {
namespace {

TEST(Refusal, OfACallBeyondTheQueueSaysWhenToComeBack) {
  World world(mirror, {.held = true, .max_held = 2});
  RawClient first(world.port()), second(world.port()), third(world.port());
  for (auto* client : {&first, &second}) client->send(get("/fn/hello"));
  ASSERT_TRUE(world.engine.await([&](const auto&) { return world.dispatcher.view({.name = "hello"})->held == 2; }));
  third.send(get("/fn/hello"));
  const auto answer = third.receive_answer();
  EXPECT_EQ(status_of(answer), 429);
  EXPECT_TRUE(has(answer, "\r\nRetry-After: 1\r\n")) << answer;
  EXPECT_TRUE(has(answer, R"("layer":"limit")")) << answer;
  EXPECT_TRUE(has(answer, "\r\nServer-Timing: ")) << answer;
  world.engine.let_start();
  for (auto* client : {&first, &second}) EXPECT_EQ(status_of(client->receive_answer()), 200);
  third.send(get("/fn/hello"));
  EXPECT_EQ(status_of(third.receive_answer()), 200);
}

TEST(Refusal, OfAFunctionThatCannotStartSaysWhyAndWhenToComeBack) {
  World world(mirror, {.starts = false});
  RawClient client(world.port());
  for (int i = 0; i < 2; ++i) {
    client.send(get("/fn/hello"));
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 502);
    EXPECT_TRUE(has(answer, "exited with code 1")) << answer;
    EXPECT_TRUE(has(answer, "\r\nRetry-After: ")) << answer;
  }
}

TEST(Refusal, BeforeAnyFunctionIsAskedForCarriesItsTimingToo) {
  World world(mirror, {.http = {.head_bytes = 4 << 10, .target_bytes = 2 << 10, .head = 200ms, .linger = 50ms}});
  struct Case {
    int status;
    std::string request;
  };
  for (const auto& [status, request] : {
           Case{400, "GET / HTTP/1.1\r\n\r\n"},
           Case{408, "GET / HTTP/1.1\r\nHost"},
           Case{414, get("/" + std::string(3'000, 'a'))},
           Case{431, "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5'000, 'a') + "\r\n\r\n"},
           Case{505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
       }) {
    RawClient client(world.port());
    client.send(request);
    const auto& answer = client.receive_to_end();
    EXPECT_EQ(status_of(answer), status) << answer;
    EXPECT_TRUE(has(answer, "\r\nServer-Timing: exec;dur=0.000\r\n")) << answer;
  }
}

TEST(Refusal, OfOneConnectionTooManyCarriesItsTimingToo) {
  World world(mirror, {.http = {.connections = 1}});
  RawClient first(world.port());
  first.send(get("/fn/hello"));
  EXPECT_EQ(status_of(first.receive_answer()), 200);
  RawClient second(world.port());
  const auto& answer = second.receive_to_end();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_TRUE(has(answer, "\r\nServer-Timing: exec;dur=0.000\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\"too many connections are open\"}\n")) << answer;
}

TEST(Refusal, OfMoreThreadsThanTheDispatcherCountsWith) { EXPECT_THROW(World(mirror, {.threads = 5}), domain::Error); }

}  // namespace
}  // namespace hearth::gateway
