#include "net/http_client.h"

#include "domain/error.h"
#include "net/tiny_server.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <future>

namespace hearth::net {
namespace {

using namespace std::chrono_literals;
using domain::Code;

template <class Call>
domain::Fault fault_of(Call call) {
  try {
    call();
  } catch (const domain::Error& error) {
    return error.fault();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

std::string temporary_folder() {
  char name[] = "/tmp/hearth-net-XXXXXX";
  return ::mkdtemp(name);
}

TEST(HttpClient, AnswersWithStatusHeadersAndBody) {
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.write("HTTP/1.1 404 Not Found\r\nX-One: a b \r\nContent-Length: 4\r\n\r\nnone");
  }};
  HttpClient client{{server.base(), ""}};

  const auto answer = client.send({.target = "/x"});

  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("x-one"), "a b");
  EXPECT_EQ(answer.body, "none");
}

TEST(HttpClient, SendsMethodTargetHeadersAndBodyAsGiven) {
  std::promise<std::string> seen;
  TinyServer server{[&](Peer& peer) {
    auto head = peer.read_head();
    seen.set_value(head + peer.read(7));
    peer.answer("");
  }};
  HttpClient client{{server.base(), ""}};

  client.send({.method = "DELETE", .target = "/a/../b?c=%20", .headers = {{"If-Match", "\"3\""}}, .body = "payload"});

  const auto text = seen.get_future().get();
  EXPECT_TRUE(text.starts_with("DELETE /a/../b?c=%20 HTTP/1.1\r\n")) << text;
  EXPECT_NE(text.find("If-Match: \"3\"\r\n"), text.npos) << text;
  EXPECT_NE(text.find("Content-Length: 7\r\n"), text.npos) << text;
  EXPECT_EQ(text.find("Expect"), text.npos) << text;
  EXPECT_EQ(text.find("urlencoded"), text.npos) << text;
  EXPECT_TRUE(text.ends_with("payload"));
}

TEST(HttpClient, KeepsItsConnectionForTheNextCall) {
  TinyServer server{[](Peer& peer) {
    while (!peer.read_head().empty()) peer.answer("again");
  }};
  HttpClient client{{server.base(), ""}};

  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.send({.target = "/"}).body, "again");

  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, OpensANewConnectionWhereTheServerHasClosedTheOldOne) {
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.answer("once");
  }};
  HttpClient client{{server.base(), ""}};

  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.send({.target = "/"}).body, "once");
}

TEST(HttpClient, SpeaksOverAUnixSocket) {
  const auto folder = temporary_folder();
  {
    TinyServer server{[](Peer& peer) {
                        const auto head = peer.read_head();
                        peer.answer(head.substr(0, head.find("\r\n")));
                      },
                      folder + "/s"};
    HttpClient client{{"http://docker", folder + "/s"}};
    EXPECT_EQ(client.send({.target = "/_ping"}).body, "GET /_ping HTTP/1.1");
  }
  std::filesystem::remove_all(folder);
}

TEST(HttpClient, GoesRoundTheProxyForThisMachine) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.answer("direct");
  }};
  EXPECT_EQ((HttpClient{{server.base(), ""}}.send({.target = "/"}).body), "direct");
  ::unsetenv("http_proxy");
}

TEST(HttpClient, HandsOnTheHeadBeforeTheBodyAndPiecesAsTheyArrive) {
  std::promise<void> first_seen;
  TinyServer server{[&](Peer& peer) {
    peer.read_head();
    peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    first_seen.get_future().wait();  // the second is written only after the first was handed on
    peer.write("6\r\nsecond\r\n0\r\n\r\n");
  }};
  HttpClient client{{server.base(), ""}};
  std::string story;

  client.stream(
      {.target = "/"}, [&](const Response& head) { story += std::to_string(head.status) + " "; },
      [&](std::string_view piece) {
        story += std::string{piece} + " ";
        if (piece == "first") first_seen.set_value();
        return true;
      });

  EXPECT_EQ(story, "200 first second ");
}

TEST(HttpClient, EndsATransferWithoutAnErrorWhenTheReaderHasEnough) {
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    peer.await_close();
  }};
  HttpClient client{{server.base(), ""}};

  const auto head = client.stream({.target = "/"}, nullptr, [](std::string_view) { return false; });

  EXPECT_EQ(head.status, 200);
}

TEST(HttpClient, StreamsABodyUpChunkedWhenItsSizeIsUnknown) {
  std::promise<std::string> seen;
  TinyServer server{[&](Peer& peer) {
    auto head = peer.read_head();
    seen.set_value(head + peer.read_until("0\r\n\r\n"));
    peer.answer("");
  }};
  HttpClient client{{server.base(), ""}};
  int pieces = 3;

  client.send({.method = "POST", .target = "/", .read_body = [&](char* buffer, std::size_t) -> std::size_t {
                 if (pieces-- == 0) return 0;
                 std::memcpy(buffer, "abc", 3);
                 return 3;
               }});

  const auto text = seen.get_future().get();
  EXPECT_TRUE(text.starts_with("POST / HTTP/1.1")) << text;
  EXPECT_NE(text.find("Transfer-Encoding: chunked"), text.npos) << text;
  EXPECT_NE(text.find("3\r\nabc\r\n"), text.npos) << text;
}

TEST(HttpClient, TellsWhatWasAttemptedAndTheSystemsReason) {
  const auto fault = fault_of([] { HttpClient{{"http://docker", "/nowhere/docker.sock"}}.send({.target = "/_ping"}); });

  EXPECT_EQ(fault.code, Code::unavailable);
  EXPECT_EQ(fault.message, "GET /_ping at /nowhere/docker.sock: No such file or directory");
}

TEST(HttpClient, TellsThatNothingListens) {
  const auto fault = fault_of([] { HttpClient{{"http://127.0.0.1:1", ""}}.send({.target = "/"}); });

  EXPECT_EQ(fault.code, Code::unavailable);
  EXPECT_NE(fault.message.find("Connection refused"), fault.message.npos) << fault.message;
}

TEST(HttpClient, TellsAnAnswerThatBreaksOff) {
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  }};
  EXPECT_EQ(fault_of([&] { HttpClient{{server.base(), ""}}.send({.target = "/"}); }).code, Code::unavailable);
}

TEST(HttpClient, TimesOutWhereTheServerStaysSilent) {
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.await_close();
  }};
  const auto fault = fault_of([&] { HttpClient{{server.base(), ""}}.send({.target = "/", .timeout = 50ms}); });
  EXPECT_EQ(fault.code, Code::timeout);
}

TEST(HttpClient, EndsAHungCallSoonAfterItIsStopped) {
  std::stop_source stop;
  std::promise<void> received;
  TinyServer server{[&](Peer& peer) {
    peer.read_head();
    received.set_value();
    peer.await_close();
  }};
  std::chrono::steady_clock::time_point stopped;
  std::jthread stopper{[&] {
    received.get_future().wait();
    stopped = std::chrono::steady_clock::now();
    stop.request_stop();
  }};

  const auto fault = fault_of([&] {
    HttpClient{{server.base(), ""}}.send({.target = "/", .timeout = 0ms}, stop.get_token());
  });

  EXPECT_EQ(fault.code, Code::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - stopped, 1s);
}

TEST(HttpClient, HandsACallbacksExceptionToTheCaller) {
  TinyServer server{[](Peer& peer) {
    peer.read_head();
    peer.answer("x");
  }};
  HttpClient client{{server.base(), ""}};
  EXPECT_THROW(client.stream({.target = "/"}, nullptr, [](std::string_view) -> bool { throw std::length_error{"no"}; }),
               std::length_error);
}

TEST(HttpClient, ServesManyThreadsAtOnce) {
  TinyServer server{[](Peer& peer) {
    while (true) {
      const auto head = peer.read_head();
      if (head.empty()) return;
      peer.answer(head.substr(4, head.find(" HTTP") - 4));
    }
  }};
  HttpClient client{{server.base(), ""}};
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          const auto target = "/" + std::to_string(t) + "/" + std::to_string(i);
          if (client.send({.target = target}).body == target) ++right;
        }
      });
    }
  }
  EXPECT_EQ(right, 400);
}

TEST(UrlEncode, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(url_encode("a b/{\"x\"}~ü"), "a%20b%2F%7B%22x%22%7D~%C3%BC");
}

}  // namespace
}  // namespace hearth::net
