#include "gateway_fixture.h"

#include <random>
#include <thread>

namespace hearth::gateway {
namespace {

// One client's turn: a call of any kind, and whether it ended as it should.
void one_call(World& world, std::mt19937& random, const std::string& mark) {
  RawClient client(world.port());
  const auto kind = random() % 6;
  const std::string body(random() % 200'000, 'b');
  if (kind == 0) {  // leaves without waiting
    client.send(get("/fn/hello/" + mark));
    return;
  }
  if (kind == 1) {  // leaves amid its upload
    client.send("POST /fn/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + body);
    return;
  }
  if (kind == 2) {  // is refused
    client.send("GET /fn/hello HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n");
    EXPECT_EQ(status_of(client.receive_to_end()), 400);
    return;
  }
  for (int i = 0; i < 3; ++i) {
    const auto path = "/fn/hello/" + mark + "-" + std::to_string(i);
    client.send(kind == 3 ? get(path) : post(path, body));
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 200) << answer;
    EXPECT_TRUE(has(answer, mark + "-" + std::to_string(i) + " HTTP/1.1\r\n")) << answer;
  }
}

// Whoever leaves, whoever stays: each answer is its own call's, and nothing stays taken.
TEST(Mix, OfClientsLosesNoCallAndNoSlot) {
  World world(mirror, {.limits = {.concurrency = 3}, .threads = 4});
  std::vector<std::thread> clients;
  for (unsigned seed = 0; seed < 6; ++seed) {
    clients.emplace_back([&world, seed] {
      std::mt19937 random{seed};
      for (int i = 0; i < 40; ++i) one_call(world, random, std::to_string(seed) + "." + std::to_string(i));
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_TRUE(world.engine.await([&](const auto&) {
    const auto view = *world.dispatcher.view({.name = "hello"});
    std::uint32_t in_flight = 0;
    for (const auto& replica : view.replicas) in_flight += replica.in_flight;
    return view.held == 0 && in_flight == 0;
  }));
}

}  // namespace
}  // namespace hearth::gateway
