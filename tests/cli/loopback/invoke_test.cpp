// `fn invoke` against a gateway that answers as a table says.
#include "api_stub.h"
#include "cli/program.h"
#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using testing::HasSubstr;

Program::Variables at(const ApiStub& stub) { return {{"HEARTH_GATEWAY", stub.base()}}; }

TEST(Invoke, PostsItsDataAndPrintsTheAnswer) {
  ApiStub stub(ApiStub::Answers{{"POST /fn/hello", answer("200 OK", "{\"hi\":1}")}});
  const auto outcome = run({"invoke", "hello", "--data", R"({"name":"Ada"})"}, at(stub));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "{\"hi\":1}");
  EXPECT_EQ(outcome.err, "");
  const auto asked = stub.await("POST /fn/hello");
  EXPECT_EQ(asked.body, R"({"name":"Ada"})");
  EXPECT_THAT(asked.head, HasSubstr("Content-Type: application/json\r\n"));
}

TEST(Invoke, CallsWithoutABodyWhenThereIsNone) {
  ApiStub stub(ApiStub::Answers{{"GET /fn/hello/users?id=7", answer("200 OK", "seven")}});
  EXPECT_EQ(run({"invoke", "hello", "--path", "users?id=7"}, at(stub)).out, "seven");
  EXPECT_EQ(stub.await("GET /fn/hello/users?id=7").body, "");
}

TEST(Invoke, SendsWhatIsPipedIntoIt) {
  ApiStub stub(ApiStub::Answers{{"POST /fn/hello", answer("200 OK", "ok")}});
  Program program({"invoke", "hello"}, at(stub));
  program.write("plain text");
  EXPECT_EQ(program.finish().out, "ok");
  const auto asked = stub.await("POST /fn/hello");
  EXPECT_EQ(asked.body, "plain text");
  EXPECT_THAT(asked.head, HasSubstr("Content-Type: application/octet-stream\r\n"));
}

TEST(Invoke, SendsFilesWithTheHeadersAndTheMethodItIsTold) {
  const tests::TemporaryFolder folder;
  const std::string content(200'000, 'x');
  std::ofstream(folder / "body") << content;
  ApiStub stub(ApiStub::Answers{{"PUT /fn/team.hello", answer("200 OK", "ok")}});
  const auto outcome = run({"invoke", "team.hello", "-d", "@" + (folder / "body").string(), "-X", "PUT", "-H",
                            "Content-Type: text/plain", "-H", "X-One: 1"},
                           at(stub));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto asked = stub.await("PUT /fn/team.hello");
  EXPECT_THAT(asked.head, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(asked.head, HasSubstr("X-One: 1\r\n"));
  EXPECT_EQ(std::count(asked.body.begin(), asked.body.end(), 'x'), 200'000);
}

TEST(Invoke, TellsTimingsAndCallIdOnStandardError) {
  ApiStub stub(ApiStub::Answers{
      {"GET /fn/hello", answer("200 OK", "hi", "Server-Timing: held;dur=92, cold;dur=61\r\nHearth-Call-Id: c7\r\n")}});
  const auto outcome = run({"invoke", "hello", "-v"}, at(stub));
  EXPECT_EQ(outcome.out, "hi");
  EXPECT_THAT(outcome.err, HasSubstr("status   200\ncall     c7\ntimings  held 92 ms · cold 61 ms · total "));
  const auto document = nlohmann::json::parse(run({"invoke", "hello", "-o", "json"}, at(stub)).out);
  EXPECT_EQ(document["body"], "hi");
  EXPECT_EQ(document["call"], "c7");
  EXPECT_EQ(document["timings_ms"]["cold"], 61.0);
}

TEST(Invoke, ExitsAsTheAnswerSays) {
  const std::tuple<std::string, int, const char*> rows[] = {
      {answer("302 Found", "moved"), 0, ""},
      {answer("404 Not Found", "no such user"), 1,
       "error: hello answered with status 404\nhint: see what it wrote: fn logs hello\n"},
      {answer("500 Oops", ""), 1, "error: hello answered with status 500\n"},
      {problem("500 Internal Server Error", R"({"code":"internal","layer":"function","detail":"ValueError: no"})"), 1,
       "error: ValueError: no\n"},
      {problem("502 Bad Gateway", R"({"code":"unavailable","layer":"function","detail":"it died","log":"bye"})"), 1,
       "error: it died\n  bye\n"},
      {problem("404 Not Found", R"({"code":"not_found","layer":"client","detail":"no function hello"})"), 3,
       "error: no function hello\n"},
      {problem("429 Too Many", R"({"code":"overloaded","layer":"limit","detail":"full"})"), 3, "error: full\n"},
      {problem("503 Unavailable", R"({"code":"unavailable","layer":"engine","detail":"no Docker"})"), 4,
       "error: no Docker\n"},
      {problem("504 Timeout", R"({"code":"timeout","layer":"function","detail":"too late"})"), 5, "error: too late\n"},
  };
  for (const auto& [text, code, error] : rows) {
    ApiStub stub(ApiStub::Answers{{"GET /fn/hello", text}});
    const auto outcome = run({"invoke", "hello"}, at(stub));
    EXPECT_EQ(outcome.code, code) << text;
    EXPECT_THAT(outcome.err, HasSubstr(error)) << text;
  }
}

TEST(Invoke, CallsAtTheControllerThatTheCommandLineNames) {
  ApiStub stub(ApiStub::Answers{{"GET /fn/hello", answer("200 OK", "there")}});
  stub.set("GET /v1/namespaces/default/functions/hello",
           answer("200 OK", R"({"url":")" + stub.base() + R"(/fn/hello"})"));
  EXPECT_EQ(run({"invoke", "hello", "--api", stub.base()}, {{"HEARTH_GATEWAY", "127.0.0.1:1"}}).out, "there");
}

TEST(Invoke, TellsApartNoGatewayALateAnswerAndOneThatBreaksOff) {
  EXPECT_EQ(run({"invoke", "hello"}, {{"HEARTH_GATEWAY", "127.0.0.1:1"}}).code, 4);
  ApiStub stub(
      ApiStub::Answers{{"GET /fn/hello", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalfHANG"},
                       {"GET /fn/broken", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"}});
  const auto late = run({"invoke", "hello", "--timeout", "0.2"}, at(stub));
  EXPECT_EQ(late.code, 5);
  EXPECT_EQ(late.out, "half");
  const auto broken = run({"invoke", "broken"}, at(stub));
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.err, HasSubstr("error: the answer broke off: "));
}

TEST(Invoke, EndsCleanlyWhenInterrupted) {
  ApiStub stub(ApiStub::Answers{{"GET /fn/hello", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalfHANG"}});
  Program program({"invoke", "hello", "-X", "GET"}, at(stub));
  stub.await("GET /fn/hello");
  program.interrupt();
  const auto outcome = program.finish();
  EXPECT_EQ(outcome.code, 130);
  EXPECT_EQ(outcome.err, "");
}

TEST(Invoke, EndsWhenInterruptedWhileItWaitsForItsBody) {
  ApiStub stub(ApiStub::Answers{});
  Program program({"invoke", "hello", "--data", "-"}, at(stub));
  program.write("some");
  program.interrupt();
  EXPECT_EQ(program.finish().code, 130);
}

TEST(Invoke, SurvivesAReaderThatLeaves) {
  ApiStub stub(ApiStub::Answers{{"GET /fn/hello", answer("200 OK", std::string(8 << 20, 'x'))}});
  Program program({"invoke", "hello", "-X", "GET"}, at(stub));
  program.close_output();
  const auto outcome = program.finish();
  EXPECT_EQ(outcome.code, 141);
  EXPECT_EQ(outcome.err, "");
}

TEST(Invoke, RefusesWhatItCannotSend) {
  EXPECT_THAT(run({"invoke", "hello", "-d", "@/nonexistent"}).err,
              HasSubstr("error: --data @/nonexistent cannot be read"));
  EXPECT_THAT(run({"invoke", "hello", "-d", "@/etc"}).err, HasSubstr("Is a directory"));
  EXPECT_THAT(run({"invoke", "hello", "-d", "", "-H", "odd"}, {{"HEARTH_GATEWAY", "127.0.0.1:1"}}).err,
              HasSubstr("error: --header \"odd\" is no header\n"));
}

}  // namespace
}  // namespace hearth::cli
