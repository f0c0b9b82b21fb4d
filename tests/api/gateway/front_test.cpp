// What the listener in front of the API must stand: strangers, slow clients, requests that are none.
#include "live_api.h"

#include <gmock/gmock.h>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

namespace hearth::api {
namespace {

using namespace std::chrono_literals;
using http::RawClient;
using http::status_of;
using nlohmann::json;
using testing::HasSubstr;

class FrontTest : public LiveApi {};

TEST_F(FrontTest, WantsItsToken) {
  const std::string target = kFunctions;
  for (const auto& value : {std::string(), std::string("Bearer wrong"), "bearer " + kToken + "x", "Basic " + kToken,
                            "Bearer " + kToken.substr(1), std::string("Bearer ")}) {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!value.empty()) headers.emplace_back("Authorization", value);
    const auto response = client_->send({.target = target, .headers = headers});
    EXPECT_EQ(response.status, 401) << value;
    EXPECT_EQ(response.header("www-authenticate"), "Bearer realm=\"hearth\"");
    EXPECT_EQ(response.header("content-type"), "application/problem+json");
    EXPECT_EQ(json::parse(response.body)["code"], "denied");
  }
  EXPECT_EQ(client_->send({.target = target + "?token=" + kToken}).status, 401) << "never in a URL";
  EXPECT_EQ(ask("GET", target).status, 200);
}

TEST_F(FrontTest, AnswersProbesWithoutAToken) {
  EXPECT_EQ(client_->send({.target = "/healthz"}).status, 200);
  EXPECT_EQ(client_->send({.target = "/readyz"}).status, 200);
  EXPECT_EQ(client_->send({.target = "/v1/info"}).status, 401);
}

TEST_F(FrontTest, LetsNobodyGoRoundItToTheInnerPort) {
  net::HttpClient inner({.base = "http://127.0.0.1:" + std::to_string(api_->inner_port()), .unix_socket = {}});
  EXPECT_EQ(inner.send({.target = kFunctions}).status, 403);
  EXPECT_EQ(inner.send({.target = "/healthz"}).status, 403);
  EXPECT_EQ(inner.send({.target = kFunctions, .headers = {{"hearth-inner", std::string(64, '0')}}}).status, 403);
  EXPECT_EQ(inner.send({.target = kFunctions, .headers = {{"Authorization", "Bearer " + kToken}}}).status, 403);
  EXPECT_EQ(inner.send({.method = "PUT", .target = kFunctions + "/x", .headers = {}, .body = kImage}).status, 403);
  EXPECT_EQ(ask("GET", kFunctions + "/x").status, 404);
}

TEST_F(FrontTest, NeverHandsTheClientsOwnSecretOn) {
  const auto response = ask("GET", kFunctions, "", {{"hearth-inner", "guess"}});
  EXPECT_EQ(response.status, 200) << "the front's own is what counts";
}

TEST_F(FrontTest, RefusesRequestsThatTwoServersCouldReadDifferently) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::string length = "Content-Length: 5\r\n";
  const auto put = [&](const std::string& more, const std::string& body = "0\r\n\r\n") {
    return head("PUT", kFunctions + "/x", more) + body;
  };
  for (const auto& request : {
           put(length + chunked),
           put(chunked + length),
           put(length + "Content-Length: 6\r\n"),
           put("Transfer-Encoding: chunked, identity\r\n"),
           put("Transfer-Encoding : chunked\r\n"),
           put("Content-Length: +5\r\n"),
           put("Content-Length: 5\r\n folded\r\n"),
           put("Host: y\r\n" + length),
           put(chunked, "5;\r\nhello\r\nzz\r\n"),
           std::string("GET " + kFunctions + " HTTP/1.1\r\nAuthorization: Bearer " + kToken + "\r\n\r\n"),
       }) {
    RawClient client(api_->port());
    client.send(request + head("GET", "/v1/info"));
    const auto answer = client.receive_to_end();
    EXPECT_EQ(status_of(answer) / 100, 4) << request;
    EXPECT_THAT(answer, testing::Not(HasSubstr("00c0ffee"))) << "what follows is never served: " << request;
  }
}

// Each of these could be taken for a change that is guarded by nothing.
TEST_F(FrontTest, NeverPassesAConditionOver) {
  deploy("hello");
  const auto change = [&](const std::string& fields) {
    RawClient client(api_->port());
    client.send(
        head("PUT", kFunctions + "/hello", fields + "Content-Length: " + std::to_string(kImage.size()) + "\r\n") +
        kImage);
    return status_of(client.receive_answer());
  };
  EXPECT_EQ(change("If-Match:\r\n"), 400);
  EXPECT_EQ(change("If-None-Match: \r\n"), 400);
  EXPECT_EQ(change("If-Match: \"999\"\r\nIf-Match: \"998\"\r\n"), 412);
  EXPECT_EQ(change("If-Match: \"999\"\r\nIf-None-Match: *\r\n"), 422);
  EXPECT_EQ(change("If-Match: \"999\"\r\nIf-Match: *\r\n"), 400) << "* is no part of a list";
  const auto tag = ask("GET", kFunctions + "/hello").header("etag").value_or("");
  EXPECT_EQ(change("If-Match: \"999\"\r\nIf-Match: " + tag + "\r\n"), 202) << "several fields are one list";
}

TEST_F(FrontTest, AnswersPipelinedRequestsAllAndInOrder) {
  RawClient client(api_->port());
  client.send(head("GET", "/healthz") + head("GET", "/v1/info") + head("GET", kFunctions + "/none") +
              head("GET", kFunctions));
  EXPECT_THAT(client.receive_answer(), HasSubstr("alive"));
  EXPECT_THAT(client.receive_answer(), HasSubstr("00c0ffee00c0ffee"));
  EXPECT_EQ(status_of(client.receive_answer()), 404);
  EXPECT_THAT(client.receive_answer(), HasSubstr("\"items\":[]"));
}

TEST_F(FrontTest, RefusesWhatNoUrlHolds) {
  for (const auto* target : {"/v1/%zz", "/v1/a%2", "/v1/info?a=1&a=2", "/v1/a|b", "/v1/\"x\""}) {
    RawClient client(api_->port());
    client.send(head("GET", target));
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 400) << target;
    EXPECT_THAT(answer, HasSubstr("application/problem+json")) << target;
  }
}

TEST_F(FrontTest, RefusesABodyThatIsTooLargeWithoutReadingIt) {
  RawClient announced(api_->port());
  announced.send(head("PUT", kFunctions + "/x", "Content-Length: 1000000000\r\n"));
  const auto answer = announced.receive_answer();
  EXPECT_EQ(status_of(answer), 413);
  EXPECT_THAT(answer, HasSubstr("application/problem+json"));

  const std::string large(5 << 20, ' ');
  const auto response = ask("PUT", kFunctions + "/x", large);
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(ask("PUT", kFunctions + "/x", std::string(3 << 20, ' ') + kImage).status, 202) << "below the limit";
}

TEST_F(FrontTest, SaysContinueBeforeABodyThatItWants) {
  RawClient client(api_->port());
  client.send(head("PUT", kFunctions + "/x",
                   "Expect: 100-continue\r\nContent-Length: " + std::to_string(kImage.size()) + "\r\n"));
  EXPECT_THAT(client.receive_until("\r\n\r\n"), testing::StartsWith("HTTP/1.1 100"));
  client.forget();
  client.send(kImage);
  EXPECT_EQ(status_of(client.receive_answer()), 202);
}

TEST_F(FrontTest, AnswersHeadWithoutABody) {
  RawClient client(api_->port());
  client.send(head("HEAD", "/v1/namespaces/default/packages/" + kPackage) + head("HEAD", "/v1/info"));
  EXPECT_EQ(status_of(client.receive_until("\r\n\r\n")), 404);
  client.receive_until(
      [](std::string_view all) { return all.find("\r\n\r\n") != all.rfind("\r\n\r\n") && all.ends_with("\r\n\r\n"); });
  EXPECT_EQ(ask("GET", "/v1/info").status, 200);
}

// cpprest alone stops for good here: each of its threads waits for a body.
TEST_F(FrontTest, ServesOthersWhileManyBodiesAreLate) {
  constexpr int kLate = 45;
  std::vector<std::unique_ptr<RawClient>> late;
  for (int i = 0; i < kLate; ++i) {
    late.push_back(std::make_unique<RawClient>(api_->port()));
    late.back()->send(head("PUT", kFunctions + "/late" + std::to_string(i),
                           "Content-Length: " + std::to_string(kImage.size()) + "\r\n") +
                      kImage.substr(0, 5));
  }
  for (int i = 0; i < 50; ++i) ASSERT_EQ(ask("GET", kFunctions).status, 200) << i;
  for (auto& client : late) client->send(kImage.substr(5));
  for (auto& client : late) EXPECT_EQ(status_of(client->receive_answer()), 202);
}

TEST_F(FrontTest, LetsExactlyOneOfConcurrentChangesWin) {
  deploy("hello");
  const auto tag = ask("GET", kFunctions + "/hello").header("etag");
  ASSERT_TRUE(tag);
  std::atomic<int> accepted = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 16; ++i) {
      writers.emplace_back([&] {
        const auto status = ask("PUT", kFunctions + "/hello", kImage, {{"If-Match", *tag}}).status;
        accepted += status == 202 ? 1 : 0;
        refused += status == 412 ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(refused, 15);
}

TEST_F(FrontTest, ServesManyClientsAtOnce) {
  deploy("hello");
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        for (int n = 0; n < 50; ++n) good += ask("GET", kFunctions + "/hello").status == 200 ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(good, 400);
}

TEST_F(FrontTest, StopsWhileItIsAsked) {
  deploy("hello");
  std::atomic<int> answered = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        try {
          answered += ask("GET", kFunctions + "/hello/status").status == 200 ? 1 : 0;
        } catch (const domain::Error&) {
          return;  // it has stopped
        }
      }
    });
  }
  // Clients that leave while their answer is waited for, too.
  const auto seen = json::parse(ask("GET", kFunctions + "/hello/status").body)["seen"].dump();
  for (int i = 0; i < 20; ++i) {
    RawClient client(api_->port());
    client.send(head("GET", kFunctions + "/hello/status?wait=60&seen=" + seen));
  }
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (answered < 50 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_GE(answered, 50);
  const auto begin = std::chrono::steady_clock::now();
  api_->stop(100ms);
  api_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST_F(FrontTest, TellsAPortInUseInOneLineWithItsMend) {
  try {
    Api second(hearth_.service, hearth_.metering, packages_, hearth_.logs, hearth_.calls, hearth_.info,
               {.address = "127.0.0.1:" + std::to_string(api_->port()), .token = kToken});
    ADD_FAILURE() << "it took the same port";
  } catch (const domain::Error& error) {
    EXPECT_EQ(error.fault().code, domain::Code::conflict);
    EXPECT_THAT(error.fault().message, HasSubstr(std::to_string(api_->port())));
    EXPECT_FALSE(error.fault().hint.empty());
  }
}

}  // namespace
}  // namespace hearth::api
