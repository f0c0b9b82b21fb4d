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

TEST(Refusal, OfMoreThreadsThanTheDispatcherCountsWith) { EXPECT_THROW(World(mirror, {.threads = 5}), domain::Error); }

}  // namespace
}  // namespace hearth::gateway
