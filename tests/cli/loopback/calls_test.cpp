// Durable calls by the built `fn`: made through a gateway, looked at and changed through the API, both as a table says.
#include "api_stub.h"
#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kId = "01a0c4506c007b1e9f3a5d2c48e6f701";
const std::string kOther = "01a0c4506c007b1e9f3a5d2c48e6f702";
const std::string kCalls = "/v1/namespaces/default/calls";

Program::Variables gateway(const ApiStub& stub) { return {{"HEARTH_GATEWAY", stub.base()}}; }
Program::Variables api(const ApiStub& stub) { return {{"HEARTH_API", stub.base()}, {"HEARTH_TOKEN", "secret"}}; }

std::string receipt() {
  return answer("202 Accepted", R"({"id":")" + kId + R"(","function":"hello","state":"queued"})");
}
std::string standing(const std::string& rest) { return answer("200 OK", R"({"id":")" + kId + "\"," + rest + "}"); }

TEST(InvokeAsync, PrintsTheIdAndHowToLook) {
  ApiStub stub(ApiStub::Answers{{"POST /async/hello/x?y=1", receipt()}});
  const auto outcome = run({"invoke", "hello", "--async", "--path", "x?y=1", "-d", "{}"}, gateway(stub));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, kId + "\n");
  EXPECT_THAT(outcome.err, HasSubstr("fn calls get " + kId));
  EXPECT_EQ(stub.await("POST /async/hello").body, "{}");
  const auto document = run({"invoke", "hello", "--async", "--path", "x?y=1", "-d", "{}", "-o", "json"}, gateway(stub));
  EXPECT_EQ(json::parse(document.out)["id"], kId);
}

TEST(InvokeAsync, PostsAlsoWithoutABody) {
  ApiStub stub(ApiStub::Answers{{"POST /async/hello", receipt()}});
  EXPECT_EQ(run({"invoke", "hello", "--async"}, gateway(stub)).out, kId + "\n");
}

TEST(InvokeAsync, WaitsForTheAnswerAndExitsAsItSays) {
  struct Row {
    const char *status, *state;
    int code;
    const char* err;
  };
  for (const auto& row : {Row{"201 Created", "succeeded", 0, ""},
                          Row{"500 Oops", "dead", 1, "error: hello answered with status 500\n"}}) {
    ApiStub stub(ApiStub::Answers{
        {"POST /async/hello", receipt()},
        {"GET /async/" + kId, standing(std::string(R"("state":")") + row.state + R"(","status":500)")},
        {"GET /async/" + kId + "/result", answer(row.status, "done", "Hearth-Call-Id: " + kId + "\r\n")}});
    const auto outcome = run({"invoke", "hello", "--async", "--wait"}, gateway(stub));
    EXPECT_EQ(outcome.code, row.code) << outcome.err;
    EXPECT_EQ(outcome.out, "done");
    EXPECT_THAT(outcome.err, HasSubstr("stored as " + kId + "\n"));
    EXPECT_THAT(outcome.err, HasSubstr(row.err));
  }
}

TEST(InvokeAsync, SaysWhyThereIsNoAnswer) {
  const std::tuple<const char*, int, const char*> rows[] = {
      {R"("state":"dead","reason":"no such image")", 1, "error: the call was given up: no such image\n"},
      {R"("state":"cancelled")", 3, "was cancelled\n"},
      {R"("state":"queued")", 5, "has not ended yet; it goes on\n"}};
  for (const auto& [rest, code, message] : rows) {
    ApiStub stub(ApiStub::Answers{{"POST /async/hello", receipt()}, {"GET /async/" + kId, standing(rest)}});
    const auto outcome = run({"invoke", "hello", "--async", "--wait", "--timeout", "0.2"}, gateway(stub));
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(InvokeAsync, IsRefusedWhereItCannotBe) {
  ApiStub stub(ApiStub::Answers{
      {"POST /async/hello",
       problem("507 Insufficient Storage",
               R"({"code":"full","layer":"gateway","detail":"the disk is full","hint":"free some"})")}});
  const auto full = run({"invoke", "hello", "--async"}, gateway(stub));
  EXPECT_EQ(full.code, 4);
  EXPECT_THAT(full.err, HasSubstr("error: the disk is full\nhint: free some\n"));
  EXPECT_THAT(run({"invoke", "hello", "--async", "-X", "GET"}, gateway(stub)).err, HasSubstr("--async stores no GET"));
  EXPECT_THAT(run({"invoke", "hello", "--wait"}, gateway(stub)).err, HasSubstr("--wait is for --async"));
}

std::string listed(const std::string& id, const std::string& more) {
  return R"({"id":")" + id +
         R"(","function":"hello","namespace":"default","trigger":"http","accepted":"2026-01-31T13:05:09.250Z",)" +
         more + "}";
}

TEST(Calls, AreListedOverAllPagesUpToTheLimit) {
  ApiStub stub(ApiStub::Answers{
      {"GET " + kCalls + "?limit=50&function=hello&state=dead",
       answer("200 OK",
              R"({"items":[)" +
                  listed(kId, R"("state":"dead","attempts":3,"status":500,"reason":"the function answered 500")") +
                  R"(],"next":"x"})")},
      {"GET " + kCalls + "?limit=49&function=hello&state=dead&after=x",
       answer("200 OK", R"({"items":[)" +
                            listed(kOther, R"("state":"queued","attempts":0,"due":"2026-01-31T13:05:10.000Z")") +
                            "]}")}});
  const auto outcome = run({"calls", "list", "--function", "hello", "--state", "dead"}, api(stub));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "CALL                              FUNCTION  STATE   ATTEMPTS  ACCEPTED (UTC)       TRIGGER  OUTLOOK\n" +
                kId + "  hello     dead    3         2026-01-31 13:05:09  http     the function answered 500\n" +
                kOther + "  hello     queued  0         2026-01-31 13:05:09  http     due 13:05:10\n");
  const auto document =
      json::parse(run({"calls", "list", "--function", "hello", "--state", "dead", "--output", "json"}, api(stub)).out);
  EXPECT_EQ(document["items"].size(), 2u);
}

TEST(Calls, OfAnotherNamespaceAreAskedForThere) {
  ApiStub stub(ApiStub::Answers{
      {"GET /v1/namespaces/team/calls?limit=7&function=hello", answer("200 OK", R"({"items":[],"next":""})")}});
  const auto outcome = run({"calls", "list", "--function", "team.hello", "--limit", "7"}, api(stub));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("no such durable calls"));
}

TEST(Calls, AreShownWithEveryFailureAndTheirBytes) {
  ApiStub stub(ApiStub::Answers{
      {"GET " + kCalls + "/" + kId,
       answer("200 OK",
              listed(kId,
                     R"("state":"dead","attempts":1,"finished":"2026-01-31T13:05:11.000Z","reason":"it was late",
                    "request":{"method":"POST","target":"/pay","size":6,"headers":[{"name":"Authorization","hidden":true},
                    {"name":"X-A","value":"b"}]},"answer":{"status":500,"size":2,"headers":[]},
                    "failures":[{"number":1,"started":"2026-01-31T13:05:10.000Z","ended":"2026-01-31T13:05:11.000Z",
                    "status":500,"reason":"oh"}])"))},
      {"GET " + kCalls + "/" + kId + "/body", answer("200 OK", std::string("a\0b", 3))},
      {"GET " + kCalls + "/" + kOther + "/result",
       problem("404 Not Found", R"({"code":"not_found","layer":"client","detail":"it has no answer"})")}});
  const auto text = run({"calls", "get", kId}, api(stub)).out;
  for (const char* part :
       {"state      dead\n", "request    POST /pay, 6 bytes\n  Authorization  (hidden)\n  X-A            b\n",
        "answer  500, 2 bytes\n", "ATTEMPT  STARTED (UTC)        ENDED     STATUS  WHY IT FAILED\n",
        "1        2026-01-31 13:05:10  13:05:11  500     oh\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(run({"calls", "get", kId, "--body"}, api(stub)).out, std::string("a\0b", 3));
  const auto missing = run({"calls", "get", kOther, "--result"}, api(stub));
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("it has no answer"));
}

TEST(Calls, AreCancelledOneByOneUpToTheFirstRefusal) {
  ApiStub stub(ApiStub::Answers{
      {"POST " + kCalls + "/" + kId + "/cancel", answer("200 OK", listed(kId, R"("state":"cancelled")"))},
      {"POST " + kCalls + "/" + kOther + "/cancel",
       problem("409 Conflict", R"({"code":"conflict","layer":"client","detail":"it is dead"})")}});
  const auto outcome = run({"calls", "cancel", kId, kOther}, api(stub));
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.out, "cancelled " + kId + "\n");
  EXPECT_THAT(outcome.err, HasSubstr("error: it is dead"));
}

TEST(Calls, AreRedrivenByIdOrByThePage) {
  ApiStub stub(ApiStub::Answers{
      {"POST " + kCalls + "/" + kId + "/redrive", answer("200 OK", listed(kId, R"("state":"queued")"))},
      {"POST " + kCalls + "/redrive?limit=1000&function=hello&state=dead",
       answer("200 OK", R"({"redriven":2,"next":"n"})")},
      {"POST " + kCalls + "/redrive?limit=1000&function=hello&state=dead&after=n",
       answer("200 OK", R"({"redriven":1})")},
      {"POST " + kCalls + "/redrive?limit=1000&state=cancelled", answer("200 OK", R"({"redriven":1})")}});
  EXPECT_EQ(run({"calls", "redrive", kId}, api(stub)).out, "redriven " + kId + "\n");
  EXPECT_EQ(run({"calls", "redrive", "--function", "hello"}, api(stub)).out, "redriven: 3 calls\n");
  EXPECT_EQ(run({"calls", "redrive", "--all", "--state", "cancelled"}, api(stub)).out, "redriven: 1 call\n");
  EXPECT_EQ(json::parse(run({"calls", "redrive", "--function", "hello", "-o", "json"}, api(stub)).out),
            (json{{"redriven", 3}}));
  EXPECT_THAT(run({"calls", "redrive"}, api(stub)).err, HasSubstr("which calls are to run again?"));
  EXPECT_THAT(run({"calls", "redrive", kId, "--all"}, api(stub)).err, HasSubstr("stand alone"));
}

}  // namespace
}  // namespace hearth::cli
