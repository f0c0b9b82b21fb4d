// The built `fn` against a server that answers what docs/reference/api.md promises.
#include "api_stub.h"
#include "cli/program.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kFunctions = "/v1/namespaces/default/functions";
const std::string kHello = kFunctions + "/hello";

Program::Variables at(const ApiStub& stub) { return {{"HEARTH_API", stub.base()}, {"HEARTH_TOKEN", "secret"}}; }

std::string function_of(const ApiStub& stub) {
  return R"({"name":"hello","namespace":"default","state":"warm","active":3,"latest":3,"replicas":1,"version":7,
             "url":")" +
         stub.base() + R"(/fn/hello","spec":{"runtime":"python","limits":{"memory":"256Mi"},"network":{"attach":[]}}})";
}

TEST(List, GoesThroughEveryPage) {
  ApiStub stub(ApiStub::Answers{
      {"GET " + kFunctions, answer("200 OK", R"({"items":[{"name":"a","state":"cold","active":0}],"next":"a b"})")},
      {"GET " + kFunctions + "?after=a%20b",
       answer("200 OK", R"({"items":[{"name":"b","state":"warm","active":2,"replicas":1,"url":"http://x/fn/b",
                                      "spec":{"image":"nginx:1"}}]})")}});
  const auto text = run({"list"}, at(stub));
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out,
            "NAME  STATE  REPLICAS  REVISION  FROM           URL\n"
            "a     cold   0         -                        \n"
            "b     warm   1         2         image nginx:1  http://x/fn/b\n");
  EXPECT_THAT(stub.await("GET " + kFunctions).head, HasSubstr("Authorization: Bearer secret\r\n"));
  const auto document = json::parse(run({"list", "--output", "json"}, at(stub)).out);
  EXPECT_EQ(document["items"].size(), 2u);
}

TEST(Get, ShowsSettingsAndRevisions) {
  ApiStub stub(ApiStub::Answers{
      {"GET " + kHello + "/revisions",
       answer("200 OK", R"({"items":[{"number":4,"state":"failed","created_at":"2026-01-01T00:00:00.000Z",
                    "fault":{"code":"invalid","layer":"client","detail":"step 2 failed","log":"the end"}},
                    {"number":3,"state":"ready","created_at":"2026-01-01T00:00:00.000Z","image":"sha256:abcdef"}]})")}});
  stub.set("GET " + kHello, answer("200 OK", function_of(stub)));
  const auto text = run({"get", "hello"}, at(stub)).out;
  for (const char* part : {"limits     memory 256Mi\n", "3 (active)", "  error: step 2 failed\n    the end\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, testing::Not(HasSubstr("network")));
  const auto document = json::parse(run({"get", "hello", "-o", "json"}, at(stub)).out);
  EXPECT_EQ(document["revisions"].size(), 2u);
}

TEST(Status, PrintsALineForEachChange) {
  const auto status = [](int seen, const char* state, const char* replicas) {
    return answer("200 OK", "{\"seen\":" + std::to_string(seen) + ",\"state\":\"" + state +
                                "\",\"held\":0,\"replicas\":" + replicas + "}");
  };
  ApiStub stub(
      ApiStub::Answers{{"GET " + kHello + "/status", status(1, "cold", "[]")},
                       {"GET " + kHello + "/status?wait=30&seen=1",
                        status(2, "executing", R"([{"id":"00000000000000a1","phase":"executing","in_flight":2}])")},
                       {"GET " + kHello + "/status?wait=30&seen=2", status(3, "cold", "[]")}});
  const auto outcome = run({"status", "hello", "--watch"}, at(stub));
  EXPECT_EQ(outcome.out, "cold\nexecuting 00000000000000a1=executing(2)\ncold\n");
  EXPECT_EQ(outcome.code, 3) << "then it was deleted";
  EXPECT_THAT(outcome.err, HasSubstr("error: there is no such function\n"));
}

TEST(Status, TellsWhatHearthdRunsOn) {
  ApiStub stub(ApiStub::Answers{
      {"GET /v1/info", answer("200 OK", R"({"version":"0.1.0","engine":{"name":"docker","state":"up"}})")}});
  EXPECT_EQ(run({"status"}, at(stub)).out, "engine name   docker\nengine state  up\nversion       0.1.0\n");
}

TEST(Logs, PrintsLinesAsTheyCome) {
  ApiStub stub(ApiStub::Answers{
      {"GET " + kHello + "/logs?follow=1&tail=2",
       stream("{\"time\":\"T1\",\"replica\":\"r\",\"text\":\"one\"}\n{\"time\":\"T2\",\"replica\":\"r\",\"te")}});
  stub.set("GET " + kHello + "/logs", stream("{\"time\":\"T1\",\"replica\":\"r\",\"text\":\"one\"}\n"));
  EXPECT_EQ(run({"logs", "hello", "-f", "--tail", "2"}, at(stub)).out, "T1 r one\n");
  const auto as_json = run({"logs", "hello", "-o", "json"}, at(stub)).out;
  EXPECT_EQ(json::parse(as_json)["text"], "one");
}

TEST(Delete, SaysSoWhenNothingIsLeft) {
  ApiStub stub(ApiStub::Answers{{"DELETE " + kHello, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"}});
  const auto outcome = run({"delete", "hello"}, at(stub));
  EXPECT_EQ(outcome.out, "deleted hello\n");
  EXPECT_EQ(run({"delete", "other"}, at(stub)).code, 3);
}

TEST(Client, TellsHowToMendWhatKeepsItOut) {
  const auto absent = run({"list"}, {{"HEARTH_API", "127.0.0.1:1"}});
  EXPECT_EQ(absent.code, 4);
  EXPECT_THAT(absent.err, HasSubstr("Connection refused\nhint: start it with fn up"));

  ApiStub stub(
      ApiStub::Answers{{"GET " + kFunctions, problem("401 Unauthorized", R"({"code":"denied","detail":"no"})")}});
  const auto without = run({"list"}, {{"HEARTH_API", stub.base()}, {"HEARTH_CONFIG_DIR", "/nonexistent/config"}});
  EXPECT_EQ(without.code, 3);
  EXPECT_THAT(without.err, HasSubstr("/nonexistent/config/token (No such file or directory)"));
  EXPECT_THAT(run({"list"}, at(stub)).err, HasSubstr("refused the token of HEARTH_TOKEN"));
}

TEST(Client, TakesTheTokenOfTheConfigurationFolder) {
  const tests::TemporaryFolder folder;
  std::ofstream(folder / "token") << " t0ken\n";
  ApiStub stub(ApiStub::Answers{{"GET " + kFunctions, answer("200 OK", R"({"items":[]})")}});
  run({"list"}, {{"HEARTH_API", stub.base()}, {"HEARTH_CONFIG_DIR", folder.path().string()}});
  EXPECT_THAT(stub.await("GET " + kFunctions).head, HasSubstr("Authorization: Bearer t0ken\r\n"));
}

TEST(Client, IsNotFooledByAnotherServer) {
  ApiStub stub(ApiStub::Answers{{"GET " + kFunctions, answer("200 OK", "<html>hello</html>")}});
  EXPECT_THAT(run({"list"}, at(stub)).err, HasSubstr("does not speak hearthd's language"));
}

class Deploy : public testing::Test {
 protected:
  Deploy() {
    std::ofstream(folder_ / "fn.yaml") << "name: hello\nruntime: python\nhandler: handler.py:handle\n";
    std::ofstream(folder_ / "handler.py") << "def handle(request, context): return 'hi'\n";
    stub_.set("GET " + kHello, answer("200 OK", function_of(stub_)));
    stub_.set("PUT " + kHello, answer("202 Accepted", R"({"function":"hello","number":3,"state":"building"})"));
    stub_.set("GET " + kHello + "/revisions/3", answer("200 OK", R"({"function":"hello","number":3,"state":"ready"})"));
  }

  void build(const std::string& events) { stub_.set("GET " + kHello + "/revisions/3/build", stream(events)); }
  Outcome deploy(std::vector<std::string> options = {}) {
    options.insert(options.begin(), "deploy");
    return run(options, at(stub_), folder_.path());
  }

  static constexpr auto kPackages = "/v1/namespaces/default/packages/";
  tests::TemporaryFolder folder_;
  ApiStub stub_{ApiStub::Answers{}};
};

TEST_F(Deploy, UploadsBuildsAndPrintsTheUrl) {
  stub_.set(std::string("PUT ") + kPackages + "*", answer("201 Created", ""));
  build("{\"type\":\"output\",\"text\":\"Step 1\\nSte\"}\n{\"type\":\"done\",\"revision\":3}\n");
  const auto outcome = deploy();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, stub_.base() + "/fn/hello\n");
  EXPECT_THAT(outcome.err, testing::MatchesRegex("uploaded 1 files, [0-9]+ KiB\ndeployed hello, revision 3\n"));

  const auto upload = stub_.await(std::string("PUT ") + kPackages);
  EXPECT_THAT(upload.body, HasSubstr("def handle"));
  const auto body = json::parse(stub_.await("PUT " + kHello).body);
  EXPECT_THAT(upload.head, HasSubstr(body["package"].get<std::string>()));
  EXPECT_EQ(body["spec"]["handler"], "handler.py:handle");
}

TEST_F(Deploy, DoesNotUploadWhatIsThere) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  build("{\"type\":\"done\",\"revision\":3}\n");
  const auto outcome = deploy({"--output", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out)["state"], "ready");
  EXPECT_EQ(outcome.err, "");
  EXPECT_FALSE(stub_.was_asked(std::string("PUT ") + kPackages));
}

TEST_F(Deploy, SendsNoPackageForAnImage) {
  std::ofstream(folder_ / "fn.yaml") << "name: hello\nimage: nginx:1\n";
  build("{\"type\":\"done\",\"revision\":3}\n");
  EXPECT_EQ(deploy().code, 0);
  EXPECT_FALSE(json::parse(stub_.await("PUT " + kHello).body).contains("package"));
  EXPECT_FALSE(stub_.was_asked(std::string("HEAD ") + kPackages));
}

TEST_F(Deploy, ShowsTheFailingStepAndItsLastLines) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  build(R"({"type":"output","text":"collecting\nno such package\n"}
{"type":"failed","problem":{"code":"invalid","layer":"client","detail":"step 2 of 3 failed: pip install","hint":"mend it","log":"no such package"}}
)");
  const auto outcome = deploy();
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err,
              testing::EndsWith("error: step 2 of 3 failed: pip install\n  no such package\nhint: mend it\n"));
  EXPECT_EQ(outcome.out, "");

  build(R"({"type":"output","text":"collecting\nno such package\n"}
{"type":"failed","problem":{"code":"invalid","layer":"client","detail":"pip failed"}}
)");
  EXPECT_THAT(deploy().err, HasSubstr("error: pip failed\n  collecting\n  no such package\n"));
  EXPECT_THAT(deploy({"--verbose"}).err, HasSubstr("unchanged (1 files, 2 KiB)\ncollecting\nno such package\n"));
}

TEST_F(Deploy, TellsABuildThatFailedForWantOfTheEngineAsThat) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  build(R"({"type":"failed",)"
        R"("problem":{"code":"unavailable","layer":"engine","detail":"Docker is away","hint":"start it"}})"
        "\n");
  const auto outcome = deploy();
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, testing::EndsWith("error: Docker is away\nhint: start it\n"));
}

TEST_F(Deploy, GoesOnWithTheHearthdThatFollowsTheOneThatEnded) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  build("{\"type\":\"output\",\"text\":\"Step 1\\n\"}\n");
  Program program({"deploy"}, at(stub_), folder_.path());
  stub_.await("GET " + kHello + "/revisions/3/build");
  build("{\"type\":\"built\",\"revision\":3}\n{\"type\":\"done\",\"revision\":3}\n");
  const auto outcome = program.finish();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("deployed hello, revision 3\n"));
}

TEST_F(Deploy, TellsWhyARevisionDoesNotStartAndWhichOneServes) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  build(R"({"type":"built","revision":3}
{"type":"failed","problem":{"code":"unavailable","layer":"function","detail":"it did not load","log":"SyntaxError"}}
)");
  const auto outcome = deploy();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("revision 3 does not serve; revision 3 still does\n"));
  EXPECT_THAT(outcome.err, testing::EndsWith("error: it did not load\n  SyntaxError\n"));
}

TEST_F(Deploy, ChangesOnlyWhatItHasSeen) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  build("{\"type\":\"done\",\"revision\":3}\n");
  EXPECT_EQ(deploy({"--no-verify"}).code, 0);
  const auto asked = stub_.await("PUT " + kHello);
  EXPECT_THAT(asked.head, HasSubstr("If-Match: \"7\""));
  EXPECT_EQ(json::parse(asked.body)["verify"], false);
}

TEST_F(Deploy, RefusesToPutItselfOverADeployThatCameBetween) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  stub_.set("PUT " + kHello,
            problem("412 Precondition Failed", R"({"code":"stale","layer":"client","detail":"at 8, not 7"})"));
  const auto outcome = deploy();
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("error: another deploy or rollback came between: at 8, not 7\n"));
  EXPECT_THAT(outcome.err, HasSubstr("fn deploy --force puts yours over it"));
}

TEST_F(Deploy, ReturnsAtOnceWhereNobodyWaits) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  const auto outcome = deploy({"--no-wait", "--force"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("revision 3 goes on; fn revisions hello shows it\n"));
  EXPECT_FALSE(stub_.was_asked("GET " + kHello + "/revisions/3/build"));
  EXPECT_THAT(stub_.await("PUT " + kHello).head, testing::Not(HasSubstr("If-Match")));
}

TEST_F(Deploy, SaysThatTheBuildGoesOnWhenInterrupted) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  build("{\"type\":\"output\",\"text\":\"Step 1\\n\"}\nHANG");
  Program program({"deploy"}, at(stub_), folder_.path());
  stub_.await("GET " + kHello + "/revisions/3/build");
  program.interrupt();
  const auto outcome = program.finish();
  EXPECT_EQ(outcome.code, 130);
  EXPECT_THAT(outcome.err, HasSubstr("revision 3 goes on; fn revisions hello shows it\n"));
}

TEST_F(Deploy, ShowsEveryComplaintOfTheServer) {
  stub_.set(std::string("HEAD ") + kPackages + "*", answer("200 OK", ""));
  stub_.set("PUT " + kHello,
            problem("400 Bad Request", R"({"code":"invalid","layer":"client","detail":"the spec is not valid",
      "errors":[{"field":"limits.memory","message":"more than this machine has"}]})"));
  EXPECT_THAT(deploy().err,
              testing::EndsWith("error: the spec is not valid\n  limits.memory: more than this machine has\n"));
}

TEST(Rollback, GuardsItsChangeByTheVersionItHasSeen) {
  ApiStub stub{ApiStub::Answers{}};
  stub.set("GET " + kHello, answer("200 OK", function_of(stub)));
  stub.set("PUT " + kHello + "/active", answer("200 OK", R"({"name":"hello","active":1,"version":9})"));
  const auto outcome = run({"rollback", "hello", "--to", "1"}, at(stub));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "hello is at revision 1 again, after 3\n");
  const auto asked = stub.await("PUT " + kHello + "/active");
  EXPECT_THAT(asked.head, HasSubstr("If-Match: \"7\""));
  EXPECT_EQ(json::parse(asked.body)["revision"], 1);
}

}  // namespace
}  // namespace hearth::cli
