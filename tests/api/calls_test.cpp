// Durable calls as the API tells of them, and what can be done with them there.
#include "api/call_codec.h"
#include "api/routes.h"

#include "parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <future>
#include <nlohmann/json.hpp>

namespace hearth::api {
namespace {

using domain::CallState;
using nlohmann::json;
using testing::HasSubstr;

const std::string kCalls = "/v1/namespaces/default/calls";
const domain::WallTime kThen{std::chrono::milliseconds{1'790'000'000'000}};

std::string id_of(int number) {
  auto text = std::to_string(number);
  return std::string(32 - text.size(), '0') + text;
}

class CallsApi : public testing::Test {
 protected:
  std::string store(int number, const domain::FunctionName& function = {.name = "hello"}) {
    std::promise<void> stored;
    hearth_.calls.submit({.id = id_of(number),
                          .key = {},
                          .function = function,
                          .trigger = "http",
                          .accepted = kThen,
                          .due = kThen,
                          .head = "POST /pay?token=abc&order=7\nAuthorization: Bearer xyz\nContent-Type: text/plain\n",
                          .body = {.bytes = "a body", .file = {}, .size = 6}},
                         [&](const auto&) { stored.set_value(); });
    stored.get_future().get();
    return id_of(number);
  }
  std::string dead(int number, const domain::FunctionName& function = {.name = "hello"}) {
    auto id = store(number, function);
    const domain::Attempt failed{
        .number = 1, .started = kThen, .ended = kThen, .status = 500, .reason = "the function answered 500"};
    hearth_.call_store.finish(id, CallState::dead, kThen, failed,
                              ports::Answer{.status = 500,
                                            .head = "500\nset-cookie: s=1\nx-mark: kept\n",
                                            .body = {.bytes = "oh", .file = {}, .size = 2}},
                              [](const auto&) {});
    return id;
  }
  Response ask(const std::string& method, const std::string& target, std::string body = {}) {
    Request request{.method = method, .path = {}, .body = std::move(body)};
    read_target(target, request);
    return route(routes_, parts_, request);
  }
  json document(const std::string& target) { return json::parse(ask("GET", target).body); }
  std::vector<std::string> ids(const std::string& query) {
    std::vector<std::string> found;
    const auto page = document(kCalls + query);
    for (const auto& item : page["items"]) found.push_back(item["id"]);
    return found;
  }

  WholeHearth hearth_;
  const Routes routes_ = make_routes();
  const Parts parts_ = hearth_.parts();
};

using Ids = std::vector<std::string>;

TEST_F(CallsApi, ListsThemByFunctionAndStateInPages) {
  store(1), store(2, {.name = "other"}), dead(3), store(4, {.space = "team", .name = "hello"});
  EXPECT_EQ(ids(""), (Ids{id_of(3), id_of(2), id_of(1)}));
  EXPECT_EQ(ids("?function=hello"), (Ids{id_of(3), id_of(1)}));
  EXPECT_EQ(ids("?state=dead"), Ids{id_of(3)});
  const auto first = document(kCalls + "?limit=2");
  EXPECT_EQ(first["items"].size(), 2u);
  EXPECT_EQ(first["next"], id_of(2));
  EXPECT_EQ(ids("?limit=2&after=" + id_of(2)), Ids{id_of(1)});
  EXPECT_FALSE(document(kCalls + "?limit=3").contains("next"));
}

TEST_F(CallsApi, ShowsOneWithoutItsSecrets) {
  const auto id = dead(1);
  const auto call = document(kCalls + "/" + id);
  EXPECT_EQ(call["state"], "dead");
  EXPECT_EQ(call["attempts"], 1);
  EXPECT_EQ(call["reason"], "the function answered 500");
  EXPECT_EQ(
      call["request"],
      (json{{"method", "POST"},
            {"target", "/pay?token=(hidden)&order=7"},
            {"headers",
             {{{"name", "Authorization"}, {"hidden", true}}, {{"name", "Content-Type"}, {"value", "text/plain"}}}},
            {"size", 6}}));
  EXPECT_EQ(call["answer"]["headers"],
            (json{{{"name", "set-cookie"}, {"hidden", true}}, {{"name", "x-mark"}, {"value", "kept"}}}));
  EXPECT_EQ(call["failures"].size(), 1u);
  EXPECT_EQ(call["failures"][0]["status"], 500);
}

TEST_F(CallsApi, AreDescribed) {
  dead(1), store(2);
  const auto schemas = json::parse(ask("GET", "/openapi.json").body)["components"]["schemas"];
  const auto& listed = schemas["Call"]["properties"];
  const auto& more = schemas["CallRecord"]["allOf"][1]["properties"];
  for (const int number : {1, 2}) {
    const auto call = document(kCalls + "/" + id_of(number));
    for (const std::string key : schemas["Call"]["required"]) EXPECT_TRUE(call.contains(key)) << key;
    for (const auto& [key, value] : call.items()) EXPECT_TRUE(listed.contains(key) || more.contains(key)) << key;
  }
}

TEST_F(CallsApi, CancelsWhatIsQueuedOnce) {
  const auto id = store(1);
  const auto cancelled = ask("POST", kCalls + "/" + id + "/cancel");
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(json::parse(cancelled.body)["state"], "cancelled");
  const auto again = ask("POST", kCalls + "/" + id + "/cancel");
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.body, HasSubstr("is cancelled"));
}

TEST_F(CallsApi, RedrivesWhatIsDeadOrCancelled) {
  const auto id = dead(1);
  const auto redriven = ask("POST", kCalls + "/" + id + "/redrive");
  EXPECT_EQ(redriven.status, 200) << redriven.body;
  EXPECT_EQ(json::parse(redriven.body)["state"], "queued");
  EXPECT_EQ(json::parse(redriven.body)["attempts"], 0);
  EXPECT_THAT(ask("POST", kCalls + "/" + id + "/redrive").body, HasSubstr("is queued"));
  ask("POST", kCalls + "/" + id + "/cancel");
  EXPECT_EQ(ask("POST", kCalls + "/" + id + "/redrive").status, 200);
  hearth_.call_store.finish(id, CallState::succeeded, kThen, {}, {}, [](const auto&) {});
  const auto late = ask("POST", kCalls + "/" + id + "/redrive");
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("send the request as a new call"));
}

TEST_F(CallsApi, RedrivesAPageAtATime) {
  for (int number = 1; number <= 5; ++number) dead(number);
  dead(6, {.name = "other"}), store(7);
  const auto first = json::parse(ask("POST", kCalls + "/redrive?function=hello&limit=3").body);
  EXPECT_EQ(first, (json{{"redriven", 3}, {"next", id_of(3)}}));
  const auto second = json::parse(ask("POST", kCalls + "/redrive?function=hello&limit=3&after=" + id_of(3)).body);
  EXPECT_EQ(second, (json{{"redriven", 2}}));
  EXPECT_EQ(ids("?state=dead"), Ids{id_of(6)});
  EXPECT_EQ(json::parse(ask("POST", kCalls + "/redrive").body)["redriven"], 1);
}

TEST_F(CallsApi, KnowsOnlyThoseOfItsNamespace) {
  const auto id = dead(1, {.space = "team", .name = "hello"});
  EXPECT_EQ(ask("GET", "/v1/namespaces/team/calls/" + id).status, 200);
  for (const char* what : {"", "/cancel", "/redrive"}) {
    const auto response = ask(*what == '\0' ? "GET" : "POST", kCalls + "/" + id + what);
    EXPECT_EQ(response.status, 404) << what;
    EXPECT_THAT(response.body, HasSubstr("namespace default has no durable call " + id)) << what;
  }
  EXPECT_EQ(json::parse(ask("POST", kCalls + "/redrive").body)["redriven"], 0);
  EXPECT_EQ(hearth_.call_store.get(id)->summary.state, CallState::dead);
}

TEST_F(CallsApi, RefusesWhatItDoesNotUnderstand) {
  const std::tuple<const char*, std::string, const char*, const char*> rows[] = {
      {"GET", "?state=gone", "", "the parameter state is \\\"gone\\\""},
      {"GET", "?after=1", "", "the parameter after is not the `next`"},
      {"GET", "?function=No", "", "no function's name"},
      {"GET", "/hello", "", "is no id of a call"},
      {"POST", "/redrive?state=queued", "", "calls that are queued are not redriven"},
      {"POST", "/redrive", R"({"function":"hello"})", "this takes no body"},
      {"POST", "/" + id_of(1) + "/cancel?force=1", "", "force"},
  };
  for (const auto& [method, target, body, message] : rows) {
    const auto response = ask(method, kCalls + target, body);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_THAT(response.body, HasSubstr(message)) << target;
  }
  const auto other = ask("GET", kCalls + "/redrive");
  EXPECT_EQ(other.status, 405) << "it is no call's";
}

TEST_F(CallsApi, AreInTheMetrics) {
  store(1), store(2);
  const auto text = ask("GET", "/metrics").body;
  EXPECT_THAT(text, HasSubstr("hearth_durable_calls_queued{namespace=\"default\",function=\"hello\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("hearth_call_store_commits_total 0\n"));
}

TEST(Secrets, AreKnownByTheirNames) {
  for (const char* name : {"Authorization", "X-API-Key", "api_key", "Set-Cookie", "X-Gitlab-Token", "client_secret",
                           "key", "X-Auth", "Db-Password"}) {
    EXPECT_TRUE(looks_secret(name)) << name;
  }
  for (const char* name : {"Content-Type", "Idempotency-Key", "author", "X-Mark", "keyboard"}) {
    EXPECT_FALSE(looks_secret(name)) << name;
  }
  const std::pair<const char*, const char*> rows[] = {{"/", "/"},
                                                      {"/a?b", "/a?b"},
                                                      {"/a?token", "/a?token"},
                                                      {"/a?x=1&key=2&y=3", "/a?x=1&key=(hidden)&y=3"},
                                                      {"/a?access_token=1=2", "/a?access_token=(hidden)"},
                                                      {"/a?&", "/a?&"}};
  for (const auto& [target, shown] : rows) EXPECT_EQ(without_secrets(target), shown);
}

}  // namespace
}  // namespace hearth::api
