#include "net/streams.h"

#include "net/await_port.h"
#include "net/tiny_server.h"

#include <gtest/gtest.h>

#include <future>

namespace hearth::net {
namespace {

using namespace std::chrono_literals;
using domain::Code;
using domain::Fault;

Request get(const std::string& target) {
  Request request;
  request.target = target;
  request.timeout = 0ms;
  return request;
}

TEST(Streams, ReadsManyAnswersAtOnce) {
  constexpr int kMany = 100;
  std::atomic<int> asked = 0;
  std::promise<void> all_asked;
  const auto everybody = all_asked.get_future().share();
  TinyServer server{[&](Peer& peer) {
    const auto head = peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    if (++asked == kMany) all_asked.set_value();
    everybody.wait();  // none ends before all have begun
    peer.write("1\r\nb\r\n0\r\n\r\n");
  }};
  std::vector<std::string> bodies(kMany);
  std::atomic<int> ended = 0;
  std::promise<void> all_ended;
  Streams streams{{server.base(), ""}};

  for (int i = 0; i < kMany; ++i) {
    auto& body = bodies[static_cast<std::size_t>(i)];
    streams.open(
        get("/"), nullptr,
        [&body](std::string_view piece) {
          body += piece;
          return true;
        },
        [&](const std::optional<Fault>& fault) {
          EXPECT_FALSE(fault);
          if (++ended == kMany) all_ended.set_value();
        });
  }

  ASSERT_EQ(all_ended.get_future().wait_for(20s), std::future_status::ready);
  for (const auto& body : bodies) EXPECT_EQ(body, "ab");
}

TEST(Streams, TellsWhyAnAnswerBrokeOff) {
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  }};
  std::promise<std::optional<Fault>> ended;
  Streams streams{{server.base(), ""}};
  streams.open(
      get("/"), nullptr, [](std::string_view) { return true; },
      [&](const std::optional<Fault>& fault) { ended.set_value(fault); });
  const auto fault = ended.get_future().get();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, Code::unavailable);
}

TEST(Streams, ClosesTheOneThatIsNotWantedAndReadsOn) {
  std::promise<void> go_on;
  const auto released = go_on.get_future().share();
  TinyServer server{[&](Peer& peer) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
    released.wait();
    peer.write("half");
  }};
  std::promise<void> begun[2];
  std::promise<std::optional<Fault>> ended[2];
  Streams streams{{server.base(), ""}};
  Streams::Id ids[2];
  for (std::size_t i : {0u, 1u}) {
    ids[i] = streams.open(
        get("/"), [&begun, i](const Response&) { begun[i].set_value(); }, [](std::string_view) { return true; },
        [&ended, i](const std::optional<Fault>& fault) { ended[i].set_value(fault); });
  }
  for (auto& one : begun) one.get_future().wait();

  streams.close(ids[0]);
  const auto fault = ended[0].get_future().get();
  streams.close(ids[0]);  // it has ended
  go_on.set_value();

  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, Code::cancelled);
  EXPECT_FALSE(ended[1].get_future().get());
}

TEST(Streams, SurvivesAReaderThatThrows) {
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.answer("x");
  }};
  Streams streams{{server.base(), ""}};
  for (int i = 0; i < 2; ++i) {
    std::promise<std::optional<Fault>> ended;
    streams.open(
        get("/"), nullptr, [](std::string_view) -> bool { throw std::length_error{"full"}; },
        [&](const std::optional<Fault>& fault) { ended.set_value(fault); });
    EXPECT_EQ(ended.get_future().get()->message, "full");
  }
}

TEST(Streams, BreaksOffWhatIsOpenWhenItEnds) {
  std::promise<void> begun;
  std::optional<Fault> told;
  TinyServer server{[&](Peer& peer) {
    peer.read_head();
    begun.set_value();
    peer.await_close();
  }};
  {
    Streams streams{{server.base(), ""}};
    streams.open(
        get("/"), nullptr, [](std::string_view) { return true; },
        [&](const std::optional<Fault>& fault) { told = fault; });
    begun.get_future().wait();
  }
  ASSERT_TRUE(told);
  EXPECT_EQ(told->code, Code::cancelled);
}

TEST(AwaitPort, SeesAServerThatComesUpLater) {
  std::string base;
  {
    TinyServer server{[](Peer&) {}};
    base = server.base();
  }
  const auto port = static_cast<std::uint16_t>(std::stoi(base.substr(base.rfind(':') + 1)));
  auto awaited = std::async(std::launch::async, [&] { return await_port("127.0.0.1", port, 10s, {}); });
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::listen(listener, 8);
  EXPECT_EQ(awaited.get(), PortState::accepts);
  ::close(listener);
}

TEST(AwaitPort, GivesUpInTimeAndWhenToldTo) {
  EXPECT_EQ(await_port("127.0.0.1", 1, 30ms, {}), PortState::silent);
  std::stop_source stop;
  auto awaited = std::async(std::launch::async, [&] { return await_port("127.0.0.1", 1, 1h, stop.get_token()); });
  stop.request_stop();
  EXPECT_EQ(awaited.get(), PortState::cancelled);
}

}  // namespace
}  // namespace hearth::net
