// What streams through the API: packages in, builds and logs out, and states that are waited for.
#include "live_api.h"

#include "control/directory.h"

#include <gmock/gmock.h>
#include <unistd.h>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace hearth::api {
namespace {

using namespace std::chrono_literals;
using http::RawClient;
using http::status_of;
using nlohmann::json;
using std::chrono::steady_clock;
using testing::HasSubstr;

const std::string kPackages = "/v1/namespaces/default/packages/";

// Bytes that are cheap to make and differ: `size` of them from `offset` on.
std::size_t make_bytes(std::uint64_t offset, char* buffer, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<char>((offset + i) * 2654435761u >> 13);
  return size;
}

std::string digest_of_bytes(std::uint64_t size) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::string buffer(1 << 16, '\0');
  for (std::uint64_t at = 0; at < size;) {
    const auto piece = make_bytes(at, buffer.data(), std::min<std::uint64_t>(buffer.size(), size - at));
    EVP_DigestUpdate(context.get(), buffer.data(), piece);
    at += piece;
  }
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(context.get(), bytes, &length);
  std::string text = "sha256:";
  for (unsigned int i = 0; i < length; ++i)
    text += {"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15]};
  return text;
}

std::uint64_t resident_bytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Looks again until it is so, with a deadline.
bool becomes_true(const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + 10s;
  while (!condition()) {
    if (steady_clock::now() >= end) return false;
    std::this_thread::yield();
  }
  return true;
}

class StreamsTest : public LiveApi {
 protected:
  using LiveApi::LiveApi;

  net::Response upload(const std::string& digest, std::uint64_t size) {
    std::uint64_t sent = 0;
    net::Request request{.method = "PUT", .target = kPackages + digest};
    request.headers = {{"Authorization", "Bearer " + kToken}};
    request.body_size = size;
    request.timeout = 120s;
    request.read_body = [&](char* buffer, std::size_t room) {
      const auto piece = make_bytes(sent, buffer, std::min<std::uint64_t>(room, size - sent));
      sent += piece;
      most_resident_ = std::max(most_resident_, resident_bytes());
      return piece;
    };
    return client_->send(request);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_ / "packages"), {}));
  }
  // A call that starts a replica, and so changes the function's state.
  struct Call final : control::Waiter {
    void granted(control::Lease) noexcept override { heard = true; }
    void refused(domain::Fault) noexcept override { heard = true; }
    std::atomic<bool> heard = false;
  };

  std::uint64_t most_resident_ = 0;
};

TEST_F(StreamsTest, TakesAPackageOfAnySizeInLittleMemory) {
  const char* set = std::getenv("HEARTH_UPLOAD_MIB");
  const std::uint64_t size = (set == nullptr ? 48ull : std::strtoull(set, nullptr, 10)) << 20;
  const auto digest = digest_of_bytes(size);
  EXPECT_EQ(ask("HEAD", kPackages + digest).status, 404);
  const auto before = resident_bytes();
  const auto response = upload(digest, size);
  ASSERT_EQ(response.status, 201) << response.body;
  EXPECT_LT(most_resident_, before + (16 << 20));
  EXPECT_EQ(ask("HEAD", kPackages + digest).status, 200);
  EXPECT_EQ(std::filesystem::file_size(packages_.find(digest).value()), size);
}

TEST_F(StreamsTest, KeepsNothingOfAPackageThatIsNotWhatItsDigestSays) {
  const auto response = upload(digest_of_bytes(1000), 1001);
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json::parse(response.body)["layer"], "client");
  EXPECT_EQ(files(), 0u);
}

TEST_F(StreamsTest, KeepsNothingOfAPackageWhoseClientLeft) {
  RawClient client(api_->port());
  client.send(head("PUT", kPackages + kPackage, "Content-Length: 1000000\r\n") + std::string(300'000, 'x'));
  ASSERT_TRUE(becomes_true([&] { return files() == 1; })) << "it is on its way to the disk";
  client.leave();
  EXPECT_TRUE(becomes_true([&] { return files() == 0; }));
}

TEST_F(StreamsTest, RefusesAnUploadBeforeItsBodyWhereTheTokenIsWrong) {
  RawClient client(api_->port());
  client.send("PUT " + kPackages + kPackage +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(status_of(client.receive_until("\r\n\r\n")), 401);
  EXPECT_EQ(files(), 0u);
}

TEST_F(StreamsTest, ShowsABuildWhileItRunsAndHowItEnded) {
  hearth_.builder.hold(true);
  ASSERT_EQ(ask("PUT", kFunctions + "/hello", kImage).status, 202);
  const auto target = kFunctions + "/hello/revisions/1/build";
  RawClient client(api_->port());
  client.send(head("GET", target));
  EXPECT_THAT(client.receive_until("Step 1/1"), HasSubstr("application/x-ndjson"));
  EXPECT_THAT(client.receive_until("Step 1/1"), testing::Not(HasSubstr("done")));
  hearth_.builder.hold(false);
  EXPECT_THAT(client.receive_until(R"({"revision":1,"type":"done"})"), HasSubstr("Step 1/1"));
  EXPECT_THAT(ask("GET", target).body, HasSubstr(R"("type":"done")")) << "and afterwards";
}

TEST_F(StreamsTest, ShowsWhyABuildFailed) {
  hearth_.builder.fail_with(domain::Fault{.code = domain::Code::invalid,
                                          .layer = domain::Layer::client,
                                          .message = "step 2 failed",
                                          .detail = "last words"});
  deploy("hello");
  const auto body = ask("GET", kFunctions + "/hello/revisions/1/build").body;
  const auto last = json::parse(body.substr(body.rfind('\n', body.size() - 2) + 1));
  EXPECT_EQ(last["type"], "failed");
  EXPECT_EQ(last["problem"]["detail"], "step 2 failed");
  EXPECT_EQ(last["problem"]["log"], "last words");
  EXPECT_EQ(ask("GET", kFunctions + "/hello/revisions/9/build").status, 404);
}

TEST_F(StreamsTest, GivesTheLastLinesOfALog) {
  deploy("hello");
  const domain::FunctionName hello{.name = "hello"};
  for (int i = 0; i < 30; ++i) {
    hearth_.logs.line({.replica = 1, .function = hello, .text = "line " + std::to_string(i)});
  }
  const auto all = ask("GET", kFunctions + "/hello/logs");
  EXPECT_EQ(all.header("content-type"), "application/x-ndjson");
  EXPECT_EQ(std::ranges::count(all.body, '\n'), 30);
  const auto last = ask("GET", kFunctions + "/hello/logs?tail=1").body;
  EXPECT_EQ(json::parse(last)["text"], "line 29");
  EXPECT_EQ(ask("GET", kFunctions + "/none/logs").status, 404);
  EXPECT_EQ(ask("GET", kFunctions + "/hello/logs?tail=many").status, 400);
}

TEST_F(StreamsTest, FollowsALogUntilItsFunctionIsRemoved) {
  deploy("hello");
  const domain::FunctionName hello{.name = "hello"};
  RawClient client(api_->port());
  client.send(head("GET", kFunctions + "/hello/logs?follow=true&tail=0", "Connection: close\r\n"));
  client.receive_until("\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    const auto text = "live " + std::to_string(i);
    hearth_.logs.line({.replica = 1, .function = hello, .text = text});
    EXPECT_THAT(client.receive_until(text), HasSubstr(text));
  }
  ASSERT_EQ(ask("DELETE", kFunctions + "/hello").status, 204);
  EXPECT_THAT(client.receive_to_end(), HasSubstr("\r\n0\r\n\r\n")) << "its end is said";
}

TEST_F(StreamsTest, EndsWhereTheClientWaitsNoLonger) {
  deploy("hello");
  hearth_.logs.line({.replica = 1, .function = {.name = "hello"}, .text = "a line"});
  for (const auto* query : {"/logs?follow=true&wait=1", "/logs?follow=1&wait=0", "/logs?wait=9"}) {
    const auto response = ask("GET", kFunctions + "/hello" + query);
    EXPECT_EQ(response.status, 200) << query;
    EXPECT_EQ(json::parse(response.body)["text"], "a line") << query;
  }
  for (const auto* query : {"/calls?follow=true&wait=1", "/calls?follow=1&wait=0", "/calls?limit=1"}) {
    EXPECT_EQ(ask("GET", kFunctions + "/hello" + query).body, "") << query;
  }
  for (const auto* query :
       {"/calls?wait=86401", "/calls?limit=0", "/calls?follow", "/logs?follow=yes", "/logs?wait=-1"}) {
    EXPECT_EQ(ask("GET", kFunctions + "/hello" + query).status, 400) << query;
  }
}

TEST_F(StreamsTest, TellsAsManyCallsAsAreWanted) {
  deploy("hello");
  RawClient client(api_->port());
  client.send(head("GET", kFunctions + "/hello/calls?follow=1&limit=2"));
  client.receive_until("\r\n\r\n");
  for (const auto* id : {"a", "b", "c"}) {
    hearth_.dispatcher.calls().add("hello", {.id = id, .method = "GET", .target = "/", .status = 200});
  }
  const auto answer = client.receive_until("\r\n0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr(R"("call":"b")"));
  EXPECT_THAT(answer, testing::Not(HasSubstr(R"("call":"c")")));
}

TEST_F(StreamsTest, AnswersHeadOfWhatStreamsAtOnce) {
  deploy("hello");
  RawClient client(api_->port());
  for (const auto* rest : {"/logs?follow=1", "/calls?follow=1", "/revisions/1/build"}) {
    client.forget();
    client.send(head("HEAD", kFunctions + "/hello" + rest) + head("GET", "/v1/info"));
    EXPECT_THAT(client.receive_until("00c0ffee"), HasSubstr("application/x-ndjson")) << rest;
  }
}

TEST_F(StreamsTest, EndsFollowersWhenItStops) {
  deploy("hello");
  RawClient client(api_->port());
  client.send(head("GET", kFunctions + "/hello/logs?follow=true"));
  client.receive_until("\r\n\r\n");
  RawClient poller(api_->port());
  poller.send(head("GET", kFunctions + "/hello/status?wait=60&seen=0"));
  const auto begin = steady_clock::now();
  api_->stop(30s);
  api_.reset();
  EXPECT_LT(steady_clock::now() - begin, 10s) << "they are not waited for";
  client.receive_to_end();
}

TEST_F(StreamsTest, AnswersAStatusAsSoonAsItIsNews) {
  deploy("hello");
  hearth_.engine.behave({.held = true});
  const auto first = json::parse(ask("GET", kFunctions + "/hello/status").body);
  EXPECT_EQ(first["state"], "cold");
  RawClient client(api_->port());
  client.send(head("GET", kFunctions + "/hello/status?wait=60&seen=" + first["seen"].dump()));
  Call call;
  control::Directory::Reader reader(hearth_.dispatcher.directory());
  const auto answer = hearth_.dispatcher.acquire(reader.find("hello")->handle, hearth_.clock.now() + 30s, 0, call);
  ASSERT_TRUE(std::holds_alternative<control::Ticket>(answer));
  EXPECT_THAT(client.receive_answer(), HasSubstr(R"("state":"initializing")"));
  hearth_.engine.let_start();
  EXPECT_TRUE(becomes_true([&] { return call.heard.load(); }));
}

TEST_F(StreamsTest, ServesOthersWhileManyWaitForNews) {
  deploy("hello");
  const auto seen = json::parse(ask("GET", kFunctions + "/hello/status").body)["seen"].dump();
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 60; ++i) {
    waiting.push_back(std::make_unique<RawClient>(api_->port()));
    waiting.back()->send(head("GET", kFunctions + "/hello/status?wait=2&seen=" + seen));
  }
  for (int i = 0; i < 20; ++i) ASSERT_EQ(ask("GET", kFunctions + "/hello").status, 200);
  for (auto& client : waiting) EXPECT_EQ(status_of(client->receive_answer()), 200);
}

// With eight threads, of which streams may take six.
class FewThreadsTest : public StreamsTest {
 protected:
  FewThreadsTest() : StreamsTest(8) {}
};

TEST_F(FewThreadsTest, KeepsAThreadForQuickRequestsAndTakesTheNextStreamWhenOneLeft) {
  deploy("hello");
  const auto follow = head("GET", kFunctions + "/hello/logs?follow=true");
  std::vector<std::unique_ptr<RawClient>> followers;
  for (int i = 0; i < 6; ++i) {
    followers.push_back(std::make_unique<RawClient>(api_->port()));
    followers.back()->send(follow);
    ASSERT_EQ(status_of(followers.back()->receive_until("\r\n\r\n")), 200);
  }
  RawClient seventh(api_->port());
  seventh.send(follow);
  const auto refused = seventh.receive_answer();
  EXPECT_EQ(status_of(refused), 503);
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1"));
  EXPECT_EQ(ask("GET", kFunctions).status, 200);

  followers.front()->leave();
  EXPECT_TRUE(becomes_true([&] {
    RawClient next(api_->port());
    next.send(follow);
    return status_of(next.receive_until("\r\n\r\n")) == 200;
  }));
}

}  // namespace
}  // namespace hearth::api
