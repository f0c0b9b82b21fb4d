#include "events/function_caller.h"

#include "fakes/fake_call_store.h"
#include "gateway/inner_listener.h"
#include "http/blocking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <semaphore>
#include <string>
#include <vector>

namespace hearth::events {
namespace {

using domain::Code;
using domain::Layer;

// What stands for the gateway here: answers as its target asks.
class Answers final : public http::BlockingHandler {
 public:
  void serve(http::BlockingExchange& exchange) override {
    const auto& request = exchange.request();
    const auto& target = request.target;
    if (target.ends_with("/refused")) {
      return exchange.respond(
          {.status = 503,
           .fields = {{"Hearth-Refused", "engine unavailable Docker is away"}, {"Retry-After", "7"}},
           .body = "{}"});
    }
    if (target.ends_with("/broken")) {
      exchange.start(200, {}, 1'000);
      exchange.write("half");
      return;
    }
    if (target.ends_with("/never")) {
      waiting.release();
      exchange.read_all(0);
      while (!exchange.stop().stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
      return;
    }
    if (target.ends_with("/large")) {
      exchange.start(200, {}, std::nullopt);
      for (int i = 0; i < 1'024; ++i) exchange.write(std::string(1'024, 'x'));
      return exchange.finish();
    }
    const auto body = exchange.read_all(64 << 20);
    std::string told = request.method + " " + target + " " + std::to_string(body.size());
    for (const char* name : {"hearth-call-id", "hearth-attempt", "hearth-trigger", "x-own"}) {
      const auto* value = request.field(name);
      told += std::string(" ") + (value ? *value : "-");
    }
    exchange.respond({.status = 201, .fields = {{"X-Mark", "kept"}, {"Retry-After", "3"}}, .body = told});
  }

  std::counting_semaphore<> waiting{0};
};

class FunctionCallerTest : public testing::Test {
 protected:
  FunctionCallerTest() {
    server_.start();
    inner_.start();
  }
  ~FunctionCallerTest() override {
    inner_.stop();
    server_.stop(std::chrono::milliseconds{0});
  }

  static ports::Errand errand(const std::string& path, const std::string& body = "body") {
    return {.id = "01a0c43b9c0070000000000000000000",
            .function = {.name = "hello"},
            .trigger = "cron:nightly",
            .attempt = 2,
            .head = "PUT " + path + "\nX-Own: 1\n",
            .body = {.bytes = body, .file = {}, .size = body.size()}};
  }
  ports::Attempted call(ports::Errand errand) {
    std::promise<ports::Attempted> told;
    caller_.start(std::move(errand), [&told](ports::Attempted result) { told.set_value(std::move(result)); });
    return told.get_future().get();
  }

  tests::FakeCallStore store_;
  Answers answers_;
  http::BlockingServer server_{{}, answers_};
  gateway::InnerListener inner_{
      [this](int fd) { server_.take({.fd = fd, .peer = "hearthd", .fresh = true, .ours = true}); }};
  FunctionCaller caller_{store_, {.gateway = inner_.address(), .longest_answer = 2 << 20}};
};

TEST_F(FunctionCallerTest, SaysWhoseCallItIsAndKeepsTheAnswer) {
  const auto result = call(errand("/a?b=c"));
  ASSERT_FALSE(result.outcome.fault) << result.outcome.fault->message;
  EXPECT_EQ(result.outcome.status, 201);
  EXPECT_EQ(result.outcome.retry_after, std::chrono::seconds{3});
  ASSERT_TRUE(result.answer);
  EXPECT_EQ(result.answer->body.bytes, "PUT /fn/hello/a?b=c 4 01a0c43b9c0070000000000000000000 2 cron:nightly 1");
  EXPECT_EQ(result.answer->head, "201\nx-mark: kept\nretry-after: 3\n");
}

TEST_F(FunctionCallerTest, SendsABodyThatIsAFile) {
  auto file = store_.make_body();
  file->write(std::string(3 << 20, 'y'));
  auto large = errand("/a");
  large.body = file->commit();
  const auto result = call(std::move(large));
  EXPECT_EQ(result.answer->body.bytes.substr(0, 26), "PUT /fn/hello/a 3145728 01");
}

TEST_F(FunctionCallerTest, KeepsALargeAnswerAsAFile) {
  const auto result = call(errand("/large"));
  ASSERT_TRUE(result.answer);
  EXPECT_EQ(result.answer->body.bytes, "");
  EXPECT_EQ(result.answer->body.size, std::uint64_t{1} << 20);
  std::ifstream file(store_.path_of(result.answer->body));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), std::string(1 << 20, 'x'));
}

TEST_F(FunctionCallerTest, TellsARefusalFromAnAnswer) {
  const auto result = call(errand("/refused"));
  ASSERT_TRUE(result.outcome.fault);
  EXPECT_EQ(result.outcome.fault->layer, Layer::engine);
  EXPECT_EQ(result.outcome.fault->code, Code::unavailable);
  EXPECT_EQ(result.outcome.fault->message, "Docker is away");
  EXPECT_EQ(result.outcome.retry_after, std::chrono::seconds{7});
  EXPECT_FALSE(result.answer);
}

TEST_F(FunctionCallerTest, HoldsTheFunctionAtFaultForAnAnswerThatBreaksOff) {
  const auto result = call(errand("/broken"));
  ASSERT_TRUE(result.outcome.fault);
  EXPECT_EQ(result.outcome.fault->layer, Layer::function);
  EXPECT_EQ(result.outcome.fault->message, "the function's answer broke off");
}

TEST_F(FunctionCallerTest, BreaksOffWhatIsStopped) {
  std::promise<ports::Attempted> told;
  caller_.start(errand("/never", ""), [&told](ports::Attempted result) { told.set_value(std::move(result)); });
  answers_.waiting.acquire();
  caller_.stop("01a0c43b9c0070000000000000000000");
  EXPECT_EQ(told.get_future().get().outcome.fault->code, Code::cancelled);
}

TEST_F(FunctionCallerTest, HasManyUnderWayAtOnce) {
  std::vector<std::promise<int>> told(300);
  for (std::size_t i = 0; i < told.size(); ++i) {
    auto one = errand("/n" + std::to_string(i));
    one.id = std::to_string(1'000 + i);
    caller_.start(std::move(one),
                  [&promise = told[i]](const ports::Attempted& result) { promise.set_value(result.outcome.status); });
  }
  int succeeded = 0;
  for (auto& promise : told) succeeded += promise.get_future().get() == 201 ? 1 : 0;
  EXPECT_GE(succeeded, 64);  // what is beyond the server's threads is refused, and told so
}

}  // namespace
}  // namespace hearth::events
