#include "http/blocking.h"
#include "http/raw_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>

namespace hearth::http {
namespace {

using namespace std::chrono_literals;

class Hello final : public BlockingHandler {
 public:
  void serve(BlockingExchange& exchange) override {
    exchange.respond({.status = 200, .fields = {}, .body = exchange.request().target});
  }
};

class SessionTest : public testing::Test {
 protected:
  std::uint16_t start(Limits limits) {
    limits.linger = 50ms;
    server_ = std::make_unique<BlockingServer>(BlockingServer::Settings{.server = {.limits = limits}}, handler_);
    server_->start();
    return server_->port();
  }

  Hello handler_;
  std::unique_ptr<BlockingServer> server_;
};

constexpr const char* kRequest = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(SessionTest, CutsAClientWhoseHeadNeverEnds) {
  RawClient client(start({.head = 150ms}));
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ");
  const auto& answer = client.receive_to_end();
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(status_of(answer), 408);
}

TEST_F(SessionTest, CutsAClientThatDripsItsHead) {
  RawClient client(start({.head = 200ms}));
  const auto begun = std::chrono::steady_clock::now();
  client.send("GET / HTTP/1.1\r\n");
  // A byte every few milliseconds does not buy more time than the whole head has.
  while (client.send("X") && std::chrono::steady_clock::now() - begun < 5s) {
    char byte;
    if (::recv(client.fd(), &byte, 1, MSG_DONTWAIT) >= 0) break;
    pollfd ready{client.fd(), POLLIN, 0};
    ::poll(&ready, 1, 10);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
}

TEST_F(SessionTest, ClosesAConnectionThatSaysNothing) {
  RawClient client(start({.head = 100ms}));
  EXPECT_EQ(client.receive_to_end(), "");
  EXPECT_TRUE(client.ended());
}

TEST_F(SessionTest, ClosesAKeptConnectionThatIdlesTooLong) {
  RawClient client(start({.idle = 100ms}));
  client.send(kRequest);
  EXPECT_EQ(status_of(client.receive_answer()), 200);
  EXPECT_EQ(client.receive_to_end(), "");
  EXPECT_TRUE(client.ended());
}

TEST_F(SessionTest, NamesTheMethodsWhereOneIsServedNowhere) {
  RawClient client(start({}));
  client.send("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto& answer = client.receive_to_end();
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_NE(answer.find("\r\nAllow: GET, HEAD, POST"), std::string::npos);
}

TEST_F(SessionTest, AnswersARefusalAndCloses) {
  RawClient client(start({}));
  client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto& answer = client.receive_to_end();
  EXPECT_EQ(status_of(answer), 400);
  EXPECT_NE(answer.find("two Host fields"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("smuggled"), std::string::npos);
}

TEST_F(SessionTest, AnswersPipelinedRequestsInOrder) {
  RawClient client(start({}));
  std::string all;
  for (int i = 0; i < 200; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(client.receive_answer().ends_with("\r\n\r\n/" + std::to_string(i)));
}

TEST_F(SessionTest, LeavesTheBodyOutForHead) {
  RawClient client(start({}));
  client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto& answer = client.receive_to_end();
  EXPECT_NE(answer.find("Content-Length: 4\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(SessionTest, ClosesAfterAnOldClientsRequestUnlessAskedToKeep) {
  const auto port = start({});
  RawClient plain(port), asking(port);
  plain.send("GET /a HTTP/1.0\r\n\r\n");
  plain.receive_to_end();
  EXPECT_TRUE(plain.ended());
  for (int i = 0; i < 2; ++i) {
    asking.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(asking.receive_answer().find("Connection: keep-alive\r\n"), std::string::npos);
  }
}

TEST_F(SessionTest, Tells503WhenTooManyConnectionsAreOpen) {
  const auto port = start({.connections = 2});
  RawClient first(port), second(port);
  for (auto* client : {&first, &second}) {
    client->send(kRequest);
    EXPECT_EQ(status_of(client->receive_answer()), 200);
  }
  RawClient third(port);
  EXPECT_EQ(status_of(third.receive_to_end()), 503);
  first.leave();
  // A place is free once the server has seen it.
  for (int i = 0;; ++i) {
    RawClient fourth(port);
    fourth.send(kRequest);
    if (status_of(fourth.receive_until("\r\n\r\n")) == 200) break;
    ASSERT_LT(i, 1000);
  }
}

TEST_F(SessionTest, EndsIdleConnectionsAtOnceWhenItStops) {
  RawClient client(start({}));
  client.send(kRequest);
  client.receive_answer();
  const auto begun = std::chrono::steady_clock::now();
  server_->stop(10s);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  client.receive_to_end();
  EXPECT_TRUE(client.ended());
}

TEST_F(SessionTest, RefusesAPortThatIsInUse) {
  const auto port = start({});
  try {
    BlockingServer second({.server = {.address = "127.0.0.1:" + std::to_string(port)}}, handler_);
    FAIL() << "it listened";
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, domain::Code::conflict);
    EXPECT_FALSE(error.fault().hint.empty());
  }
}

TEST_F(SessionTest, ListensOnASocketThatItIsHanded) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd, 16), 0);
  BlockingServer server({.server = {.descriptors = {fd}, .threads = 2}}, handler_);
  server.start();
  RawClient client(server.port());
  client.send(kRequest);
  EXPECT_EQ(status_of(client.receive_answer()), 200);
}

}  // namespace
}  // namespace hearth::http
