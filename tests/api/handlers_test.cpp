#include "api/routes.h"

#include "parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace hearth::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kFunctions = "/v1/namespaces/default/functions";
const std::string kSpec =
    R"({"spec":{"runtime":"python","handler":"handler.py:handle"},"package":")" + kPackage + "\"}";

class Handlers : public testing::Test {
 protected:
  Response ask(const std::string& method, const std::string& target, std::string body = {},
               std::map<std::string, std::string, std::less<>> headers = {}) {
    Request request{.method = method, .path = {}, .headers = std::move(headers), .body = std::move(body)};
    read_target(target, request);
    return route(routes_, parts_, request);
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  void deploy(const std::string& name) {
    ASSERT_EQ(ask("PUT", kFunctions + "/" + name, kSpec).status, 202);
    hearth_.await_build({.name = name}, 1);
  }

  WholeHearth hearth_;
  const Routes routes_ = make_routes();
  const Parts parts_ = hearth_.parts();
};

TEST_F(Handlers, DeployAFunctionAndShowIt) {
  auto untried = json::parse(kSpec);
  untried["verify"] = false;
  const auto put =
      ask("PUT", kFunctions + "/hello", untried.dump(), {{"content-type", "application/json; charset=utf-8"}});
  ASSERT_EQ(put.status, 202) << put.body;
  EXPECT_EQ(header(put, "Location"), kFunctions + "/hello/revisions/1");
  EXPECT_EQ(json::parse(put.body)["state"], "building");
  hearth_.await_build({.name = "hello"}, 1);

  const auto get = ask("GET", kFunctions + "/hello");
  ASSERT_EQ(get.status, 200);
  const auto document = json::parse(get.body);
  EXPECT_EQ(document["active"], 1);
  EXPECT_EQ(document["state"], "cold");
  EXPECT_EQ(document["url"], "http://127.0.0.1:8080/fn/hello");
  EXPECT_THAT(header(get, "ETag"), testing::StartsWith("\"" + document["version"].dump() + "-"));
  EXPECT_EQ(ask("GET", kFunctions + "/hello", "", {{"if-none-match", header(get, "ETag")}}).status, 304);

  const auto revision = json::parse(ask("GET", kFunctions + "/hello/revisions/1").body);
  EXPECT_EQ(revision["state"], "ready");
  EXPECT_EQ(revision["package"], kPackage);
  EXPECT_EQ(json::parse(ask("GET", kFunctions + "/hello/revisions").body)["items"].size(), 1u);
  EXPECT_EQ(json::parse(ask("GET", kFunctions + "/hello/replicas").body)["items"].size(), 0u);
}

TEST_F(Handlers, RollBackToWhatServedBefore) {
  for (std::uint64_t revision = 1; revision <= 2; ++revision) {
    ask("PUT", kFunctions + "/hello", kSpec);
    hearth_.await_build({.name = "hello"}, revision);
  }
  const auto before = ask("GET", kFunctions + "/hello");
  EXPECT_EQ(json::parse(before.body)["active"], 2);
  EXPECT_EQ(json::parse(before.body)["state"], "warm") << "it was tried";
  const std::string active = kFunctions + "/hello/active";
  EXPECT_EQ(ask("PUT", active, R"({"revision": 0})").status, 400);
  EXPECT_EQ(ask("PUT", active, R"({"revision": 7})").status, 404);
  EXPECT_EQ(ask("PUT", active, "{}", {{"if-match", "\"1\""}}).status, 412);
  const auto after = ask("PUT", active, "{}", {{"if-match", header(before, "ETag")}});
  ASSERT_EQ(after.status, 200) << after.body;
  EXPECT_EQ(json::parse(after.body)["active"], 1);
  EXPECT_EQ(json::parse(after.body)["previous"], 2);
  EXPECT_NE(header(after, "ETag"), header(before, "ETag"));
}

TEST_F(Handlers, ShowWhyABuildFailed) {
  hearth_.builder.fail_with(domain::Fault{.code = domain::Code::invalid,
                                          .layer = domain::Layer::client,
                                          .message = "step 2 failed",
                                          .detail = "no such package"});
  deploy("hello");
  const auto revision = json::parse(ask("GET", kFunctions + "/hello/revisions/1").body);
  EXPECT_EQ(revision["state"], "failed");
  EXPECT_EQ(revision["fault"]["detail"], "step 2 failed");
  EXPECT_EQ(revision["fault"]["log"], "no such package");
  EXPECT_EQ(json::parse(ask("GET", kFunctions + "/hello").body)["active"], 0) << "and it is there all the same";
}

TEST_F(Handlers, GuardChangesByVersions) {
  const auto path = kFunctions + "/hello";
  EXPECT_EQ(ask("PUT", path, kSpec, {{"if-match", "*"}}).status, 412) << "there is none yet";
  EXPECT_EQ(ask("PUT", path, kSpec, {{"if-none-match", "*"}}).status, 202);
  hearth_.await_build({.name = "hello"}, 1);
  EXPECT_EQ(ask("PUT", path, kSpec, {{"if-none-match", "*"}}).status, 412);
  const auto tag = header(ask("GET", path), "ETag");
  EXPECT_EQ(ask("PUT", path, kSpec, {{"if-match", "\"999999\""}}).status, 412);
  EXPECT_EQ(ask("PUT", path, kSpec, {{"if-match", tag}}).status, 202);
  const auto late = ask("PUT", path, kSpec, {{"if-match", tag}});
  EXPECT_EQ(late.status, 412);
  EXPECT_THAT(late.body, HasSubstr("is at version"));
  EXPECT_EQ(ask("DELETE", path, "", {{"if-match", tag}}).status, 412);
  EXPECT_EQ(ask("DELETE", path).status, 204);
  EXPECT_EQ(ask("GET", path).status, 404);
  EXPECT_EQ(ask("DELETE", path).status, 404);
}

TEST_F(Handlers, RemoveAFunctionWithItsLogs) {
  deploy("hello");
  hearth_.logs.line({.replica = 1, .function = {.name = "hello"}, .text = "a line"});
  ASSERT_FALSE(std::filesystem::is_empty(hearth_.folder / "logs"));
  ASSERT_EQ(ask("DELETE", kFunctions + "/hello").status, 204);
  EXPECT_TRUE(std::filesystem::is_empty(hearth_.folder / "logs"));
}

TEST_F(Handlers, ListFunctionsPageByPage) {
  for (const auto* name : {"a", "b", "c", "d", "e"}) deploy(name);
  std::vector<std::string> seen;
  std::string query = "?limit=2";
  for (int page = 0; page < 3; ++page) {
    const auto list = json::parse(ask("GET", kFunctions + query).body);
    for (const auto& item : list["items"]) seen.push_back(item["name"]);
    EXPECT_EQ(list.contains("next"), page < 2);
    if (list.contains("next")) query = "?limit=2&after=" + list["next"].get<std::string>();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(json::parse(ask("GET", "/v1/namespaces/team/functions").body)["items"].size(), 0u);
}

TEST_F(Handlers, ListEachFunctionOnceWhileOthersComeAndGo) {
  for (const auto* name : {"b", "d", "f", "h"}) deploy(name);
  auto page = json::parse(ask("GET", kFunctions + "?limit=2").body);
  EXPECT_EQ(page["next"], "d");
  for (const auto* name : {"a", "c", "e"}) deploy(name);
  ASSERT_EQ(ask("DELETE", kFunctions + "/d").status, 204) << "the cursor itself";
  page = json::parse(ask("GET", kFunctions + "?limit=9&after=d").body);
  std::vector<std::string> rest;
  for (const auto& item : page["items"]) rest.push_back(item["name"]);
  EXPECT_EQ(rest, (std::vector<std::string>{"e", "f", "h"}));
  EXPECT_FALSE(page.contains("next"));
}

TEST_F(Handlers, RefuseWhatIsWrongAndSayWhat) {
  struct Row {
    std::string method, target, body;
    std::map<std::string, std::string, std::less<>> headers;
    int status;
    std::string says;
  };
  const std::vector<Row> rows{
      {"GET", "/", "", {}, 404, "begin with /v1/"},
      {"GET", "/v1/nothing", "", {}, 404, "has no /v1/nothing"},
      {"POST", kFunctions, "", {}, 405, "it takes GET, HEAD"},
      {"GET", kFunctions + "/hello", "", {}, 404, "hello"},
      {"GET", kFunctions + "/Hello", "", {}, 400, "no name of a function"},
      {"GET", kFunctions + "/a%2Fb", "", {}, 400, "no name of a function"},
      {"GET", "/v1/namespaces/%2e%2e/functions", "", {}, 400, "no name of a namespace"},
      {"GET", kFunctions + "?limit=0", "", {}, 400, "at least 1"},
      {"GET", kFunctions + "?limit=x", "", {}, 400, "whole number"},
      {"GET", kFunctions + "?limit=5000", "", {}, 400, "at most 1000"},
      {"GET", kFunctions + "?limit=18446744073709551616", "", {}, 400, "whole number"},
      {"GET", kFunctions + "?after=Not+a+name", "", {}, 400, "no function's name"},
      {"GET", kFunctions + "/%C3%A4", "", {}, 400, "no name of a function"},
      {"GET", kFunctions + "/hello/revisions/18446744073709551616", "", {}, 400, "count from 1"},
      {"GET", kFunctions + "?limti=5", "", {}, 400, "did you mean limit?"},
      {"GET", kFunctions + "/hello/revisions/0", "", {}, 400, "count from 1"},
      {"GET", kFunctions + "/hello/status?wait=61", "", {}, 400, "at most 60"},
      {"GET", kFunctions + "/hello/status", "", {}, 404, "hello"},
      {"GET", kFunctions + "/hello/replicas", "", {}, 404, "hello"},
      {"PUT", kFunctions + "/hello", "{", {}, 400, "line 1, column 2"},
      {"PUT", kFunctions + "/hello", kSpec, {{"content-type", "text/yaml"}}, 415, "application/json"},
      {"PUT", kFunctions + "/hello", kSpec, {{"if-match", "7"}}, 400, "entity tags"},
      {"PUT", kFunctions + "/hello", R"({"spec":{"runtiem":"python"}})", {}, 400, "did you mean runtime?"},
      {"DELETE", kFunctions + "/hello", "", {{"if-none-match", "*"}}, 400, "no meaning"},
      {"HEAD", "/v1/namespaces/default/packages/sha256:xyz", "", {}, 400, "no digest"},
  };
  for (const auto& row : rows) {
    const auto response = ask(row.method, row.target, row.body, row.headers);
    EXPECT_EQ(response.status, row.status) << row.method << " " << row.target << ": " << response.body;
    EXPECT_THAT(response.body, HasSubstr(row.says)) << row.method << " " << row.target;
    EXPECT_EQ(header(response, "Content-Type"), "application/problem+json");
    EXPECT_TRUE(json::parse(response.body).contains("layer"));
  }
  EXPECT_EQ(header(ask("POST", kFunctions), "Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(Handlers, TellWhichMethodsAPathTakes) {
  const auto options = ask("OPTIONS", kFunctions + "/hello");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(header(options, "Allow"), "DELETE, GET, HEAD, OPTIONS, PUT");
  EXPECT_EQ(ask("OPTIONS", "/v1/nothing").status, 404);
  for (const auto* method : {"POST", "PATCH", "TRACE", "FOO"}) {
    EXPECT_EQ(ask(method, kFunctions + "/hello").status, 405) << method;
  }
}

// What JSON allows two readers to read differently, and what is too much of it.
TEST_F(Handlers, RefuseJsonThatIsNotOneSmallDocument) {
  const std::string path = kFunctions + "/hello";
  const auto put = [&](const std::string& body) { return ask("PUT", path, body); };
  const std::vector<std::pair<std::string, std::string>> rows{
      {kSpec + "x", "no JSON"},
      {kSpec + kSpec, "no JSON"},
      {R"({"spec":{"image":"a"},"spec":{"image":"b"}})", "twice"},
      {R"({"spec":{"image":"a","im\u0061ge":"b"}})", "twice"},
      {R"({"spec":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}", "nested too deeply"},
      {R"({"spec":{"image":"a","history":18446744073709551616}})", "whole number"},
      {R"({"spec":{"image":"a","history":1e999}})", "no JSON"},
      {R"({"spec":{"image":"a","history":1.5}})", "whole number"},
      {R"({"spec":{"image":"a","limits":{"memory":-1}}})", "limits.memory"},
      {"{\"spec\":{\"image\":\"\xc3\x28\"}}", "no JSON"},
      {R"({"spec":{"image":"\ud800"}})", "no JSON"},
      {R"({"spec":{"image":"a"},"päckage":"b"})", "not known"},
      {R"({"spec":{"image":NaN}})", "no JSON"},
      {"null", "must be an object"},
  };
  for (const auto& [body, says] : rows) {
    const auto response = put(body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 80) << response.body;
    EXPECT_THAT(response.body, HasSubstr(says)) << body.substr(0, 80);
    EXPECT_EQ(header(response, "Content-Type"), "application/problem+json");
  }
  EXPECT_EQ(put(R"({"spec":{"image":"a","history":3.0,"scale":{"max":2e0}}})").status, 202) << "these are whole";
}

TEST_F(Handlers, TellAHundredFaultsOfADocumentAtMost) {
  std::string keys, triggers, variables;
  for (int i = 0; i < 2000; ++i) {
    keys += ",\"key" + std::to_string(i) + "\":1";
    triggers += i == 0 ? "{}" : ",{}";
    variables += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"\"";
  }
  for (const auto& spec : {R"({"image":"a")" + keys + "}", R"({"image":"a","triggers":[)" + triggers + "]}",
                           R"({"image":"a","env":{)" + variables + "}}"}) {
    const auto response = ask("PUT", kFunctions + "/hello", R"({"spec":)" + spec + "}");
    EXPECT_EQ(response.status / 100, 4);
    EXPECT_EQ(json::parse(response.body)["errors"].size(), 100u) << spec.substr(0, 60);
  }
}

TEST_F(Handlers, GiveEveryDocumentAnETagThatFollowsItsLooks) {
  deploy("hello");
  // What its deploy still stirs settles within a few looks.
  const auto is_known = [this](const std::string& method, const std::string& path) {
    for (int looks = 0; looks < 1000; ++looks) {
      const auto tag = header(ask("GET", path), "ETag");
      if (!tag.empty() && ask(method, path, "", {{"if-none-match", tag}}).status == 304) return true;
    }
    return false;
  };
  for (const auto* rest : {"", "/revisions", "/revisions/1", "/status", "/replicas"}) {
    const auto path = kFunctions + "/hello" + rest;
    EXPECT_TRUE(is_known("GET", path)) << path;
    EXPECT_TRUE(is_known("HEAD", path)) << path;
  }
  const auto before = header(ask("GET", kFunctions), "ETag");
  deploy("other");
  EXPECT_EQ(ask("GET", kFunctions, "", {{"if-none-match", before}}).status, 200);
}

TEST_F(Handlers, ListEveryComplaintOfASpec) {
  const auto response = ask("PUT", kFunctions + "/hello",
                            R"({"spec":{"runtime":"python","handler":"handler.py:handle",
                                "limits":{"memory":"a lot","pids":"x"},"bogus":1},"package":")" +
                                kPackage + "\"}");
  ASSERT_EQ(response.status, 400);
  const auto errors = json::parse(response.body)["errors"];
  std::vector<std::string> fields;
  for (const auto& error : errors) fields.push_back(error["field"]);
  EXPECT_THAT(fields, testing::UnorderedElementsAre("limits.memory", "limits.pids", "bogus"));
}

TEST_F(Handlers, TellWhetherAPackageIsHere) {
  EXPECT_EQ(ask("HEAD", "/v1/namespaces/default/packages/" + kPackage).status, 200);
  EXPECT_EQ(ask("HEAD", "/v1/namespaces/default/packages/sha256:" + std::string(64, 'b')).status, 404);
}

TEST_F(Handlers, AnswerProbes) {
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  hearth_.unready = domain::Fault{.code = domain::Code::unavailable,
                                  .layer = domain::Layer::engine,
                                  .message = "the engine is away",
                                  .hint = "start it"};
  const auto unready = ask("GET", "/readyz");
  EXPECT_EQ(unready.status, 503);
  EXPECT_EQ(header(unready, "Retry-After"), "1");
  EXPECT_EQ(json::parse(unready.body)["layer"], "engine");
  EXPECT_EQ(ask("GET", "/healthz").status, 200) << "it lives nevertheless";
}

TEST_F(Handlers, TellWhatThisHearthdIs) {
  const auto info = json::parse(ask("GET", "/v1/info").body);
  EXPECT_EQ(info["version"], "0.1.0");
  EXPECT_EQ(info["installation"], "00c0ffee00c0ffee");
  EXPECT_EQ(info["engine"]["api_version"], "1.41");
  EXPECT_EQ(info["engine"]["state"], "ready");
  EXPECT_EQ(info["limits"]["memory"], "4Gi");
}

TEST_F(Handlers, AreExactlyThoseThatTheServedDescriptionKnows) {
  const auto response = ask("GET", "/openapi.json");
  ASSERT_EQ(response.status, 200);
  std::set<std::string> described;
  const auto document = json::parse(response.body);
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      if (method != "parameters") described.insert(method + " " + path);
    }
  }
  std::set<std::string> served;
  for (auto [method, path] : routes_.calls()) {
    std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c | 0x20); });
    served.insert(method + " " + path);
  }
  EXPECT_EQ(described, served);
}

// Every document has the members that its schema requires, and no other.
TEST_F(Handlers, SayWhatTheDescriptionSays) {
  deploy("hello");
  const auto schemas = json::parse(ask("GET", "/openapi.json").body)["components"]["schemas"];
  const auto hold = [&](const std::string& schema, const json& document) {
    const auto required = schemas[schema].value("required", std::vector<std::string>{});
    for (const auto& key : required) EXPECT_TRUE(document.contains(key)) << schema << ": " << key;
    for (const auto& [key, value] : document.items()) {
      EXPECT_TRUE(schemas[schema]["properties"].contains(key)) << schema << ": " << key;
    }
  };
  const auto function = json::parse(ask("GET", kFunctions + "/hello").body);
  hold("Function", function);
  hold("Spec", function["spec"]);
  hold("Revision", json::parse(ask("GET", kFunctions + "/hello/revisions/1").body));
  hold("Status", json::parse(ask("GET", kFunctions + "/hello/status").body));
  hold("Info", json::parse(ask("GET", "/v1/info").body));
  hold("Problem", json::parse(ask("GET", kFunctions + "/none").body));
  hold("Problem", json::parse(ask("PUT", kFunctions + "/x", R"({"spec":{"bogus":1}})").body));
}

TEST_F(Handlers, TurnAFullDiskIntoOneLineWithItsMend) {
  hearth_.store.fail_writes(domain::Fault{.code = domain::Code::unavailable,
                                          .layer = domain::Layer::gateway,
                                          .message = "the disk is full",
                                          .hint = "free some space"});
  const auto response = ask("PUT", kFunctions + "/hello", kSpec);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json::parse(response.body)["hint"], "free some space");
}

}  // namespace
}  // namespace hearth::api
