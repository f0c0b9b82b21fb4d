#include "http/blocking.h"

#include "http/raw_client.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace hearth::http {
namespace {

using namespace std::chrono_literals;

// Does what the path says.
class Obedient final : public BlockingHandler {
 public:
  void serve(BlockingExchange& exchange) override {
    const auto& target = exchange.request().target;
    if (target == "/echo") {
      exchange.respond({.status = 200, .fields = {{"Content-Type", "text/plain"}}, .body = exchange.read_all(1 << 20)});
    } else if (target == "/stream") {
      exchange.start(200, {});
      exchange.write("first,");
      exchange.write("second");
      exchange.finish();
    } else if (target == "/unfinished") {
      exchange.start(200, {});
      exchange.write("first,");
    } else if (target == "/refuse") {
      throw domain::Error(domain::Code::conflict, domain::Layer::client, "not now", "later");
    } else if (target == "/count") {
      std::size_t total = 0;
      char buffer[1000];
      while (const auto count = exchange.read(buffer, sizeof buffer)) total += count;
      exchange.respond({.status = 200, .fields = {}, .body = std::to_string(total)});
    } else if (target == "/wait") {
      std::mutex mutex;
      std::condition_variable_any changed;
      std::unique_lock lock(mutex);
      changed.wait_for(lock, exchange.stop(), 20s, [] { return false; });
      const std::lock_guard told(mutex_);
      left_ = exchange.stop().stop_requested();
      changed_.notify_all();
    }
  }
  bool await_left() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [this] { return left_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool left_ = false;
};

class Blocking : public testing::Test {
 protected:
  Blocking() { server_.start(); }

  Obedient handler_;
  BlockingServer server_{{.server = {.limits = {.linger = 200ms}}, .max_workers = 2}, handler_};
};

TEST_F(Blocking, AnswersAWholeBodyWithAWholeBody) {
  RawClient client(server_.port());
  for (int i = 0; i < 3; ++i) {
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello")) << answer;
  }
}

TEST_F(Blocking, DecodesAChunkedBody) {
  RawClient client(server_.port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: yes\r\n\r\n");
  EXPECT_TRUE(client.receive_answer().ends_with("\r\n\r\nhello!"));
}

TEST_F(Blocking, StreamsAnAnswerInChunks) {
  RawClient client(server_.port());
  client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.receive_until("0\r\n\r\n").ends_with("6\r\nfirst,\r\n6\r\nsecond\r\n0\r\n\r\n"));
}

TEST_F(Blocking, StreamsToAnOldClientUntilItCloses) {
  RawClient client(server_.port());
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.receive_to_end().ends_with("\r\n\r\nfirst,second"));
}

TEST_F(Blocking, CutsAnAnswerThatIsNotFinished) {
  RawClient client(server_.port());
  client.send("GET /unfinished HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto& answer = client.receive_to_end();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(answer.ends_with("6\r\nfirst,\r\n"));
}

TEST_F(Blocking, TurnsWhatAHandlerThrowsIntoAProblem) {
  RawClient client(server_.port());
  client.send("GET /refuse HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 409);
  EXPECT_NE(answer.find(R"("hint":"later")"), std::string::npos);
}

TEST_F(Blocking, TurnsAForgottenAnswerIntoA500) {
  RawClient client(server_.port());
  client.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(status_of(client.receive_answer()), 500);
}

TEST_F(Blocking, RefusesABodyBeyondTheLimitBeforeReadingIt) {
  RawClient client(server_.port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n");
  const auto& answer = client.receive_to_end();
  EXPECT_EQ(status_of(answer), 413);
  EXPECT_EQ(answer.find("100 Continue"), std::string::npos);
}

TEST_F(Blocking, ReadsALargeBodyPieceByPiece) {
  RawClient client(server_.port());
  client.send("POST /count HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n");
  client.receive_until("100 Continue\r\n\r\n");
  client.forget();
  client.send(std::string(3'000'000, 'x'));
  EXPECT_TRUE(client.receive_answer().ends_with("\r\n\r\n3000000"));
}

TEST_F(Blocking, TellsTheHandlerThatTheClientLeft) {
  RawClient client(server_.port());
  client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  client.leave();
  EXPECT_TRUE(handler_.await_left());
}

TEST_F(Blocking, RefusesMoreThanItHasWorkersFor) {
  RawClient first(server_.port()), second(server_.port()), third(server_.port());
  first.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  second.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  first.receive_until("100 Continue");
  second.receive_until("100 Continue");
  third.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = third.receive_answer();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_NE(answer.find("Retry-After: 1"), std::string::npos);
}

TEST_F(Blocking, StopsWithinItsGraceWhateverAHandlerDoes) {
  RawClient client(server_.port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  client.receive_until("100 Continue");
  server_.stop(20ms);
  client.receive_to_end();
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace hearth::http
