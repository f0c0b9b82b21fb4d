#include "api/codec.h"

#include "api/info.h"
#include "control/spec_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const domain::FunctionName kHello{.space = "default", .name = "hello"};
const std::string kDigest = "sha256:" + std::string(64, '0');

std::map<std::string, std::string> complaints_of(const std::string& body, domain::Code code = domain::Code::invalid) {
  std::map<std::string, std::string> found;
  try {
    read_deployment(body, kHello);
  } catch (const control::InvalidDocument& error) {
    EXPECT_EQ(error.fault().code, code) << body;
    for (const auto& complaint : error.complaints()) found[complaint.field] = complaint.message;
  }
  return found;
}

TEST(Deployment, IsRead) {
  const auto deployment = read_deployment(
      R"({"package":")" + kDigest +
          R"(","spec":{"runtime":"python","handler":"handler.py:handle","limits":{"memory":"64Mi","cpu":0.25}}})",
      kHello);
  EXPECT_EQ(deployment.package, kDigest);
  EXPECT_EQ(deployment.spec.name, kHello);
  EXPECT_EQ(deployment.spec.runtime, "python");
  EXPECT_EQ(deployment.spec.limits.memory, domain::mebibytes(64));
  EXPECT_EQ(deployment.spec.limits.cpu_millis, 250u);
}

TEST(Deployment, TakesItsRuntimesConcurrencyWhereItSaysNone) {
  const std::map<std::string, std::uint32_t> concurrency{{"shell", 1}};
  const auto of = [&](const std::string& spec) {
    return read_deployment(R"({"package":")" + kDigest + R"(","spec":)" + spec + "}", kHello, concurrency)
        .spec.limits.concurrency;
  };
  EXPECT_EQ(of(R"({"runtime":"shell","handler":"a.sh"})"), 1u);
  EXPECT_EQ(of(R"({"runtime":"shell","handler":"a.sh","limits":{"memory":"64Mi"}})"), 1u);
  EXPECT_EQ(of(R"({"runtime":"shell","handler":"a.sh","limits":{"concurrency":16}})"), 16u);
  EXPECT_EQ(of(R"({"runtime":"python","handler":"a.py:b"})"), 16u);
}

TEST(Deployment, TellsEverythingThatIsWrongAtOnce) {
  const auto found = complaints_of(R"({"package":"sha256:1","extra":1,"spec":{"runtime":"python",
      "handler":"handler.py:handle","name":"other","limits":{"memroy":"1Gi","timeout":30,"cpu":"lots"},
      "scale":{"max":-1},"env":{"A":1},"network":{"egress":"maybe","attach":"db"}}})");
  EXPECT_THAT(found.at("extra"), HasSubstr("not known"));
  EXPECT_THAT(found.at("package"), HasSubstr("64"));
  EXPECT_THAT(found.at("name"), HasSubstr("URL"));
  EXPECT_THAT(found.at("limits.memroy"), HasSubstr("did you mean memory?"));
  EXPECT_THAT(found.at("limits.timeout"), HasSubstr("\"30s\""));
  EXPECT_TRUE(found.contains("limits.cpu"));
  EXPECT_TRUE(found.contains("scale.max"));
  EXPECT_TRUE(found.contains("env.A"));
  EXPECT_TRUE(found.contains("network.egress"));
  EXPECT_TRUE(found.contains("network.attach"));
}

TEST(Deployment, IsRefusedWhereItIsNoneAtAll) {
  EXPECT_TRUE(complaints_of("{}").contains("spec"));
  EXPECT_THAT(complaints_of(R"({"spec":[]})"), testing::ElementsAre(testing::Pair("spec", "must be an object")));
  EXPECT_FALSE(complaints_of(R"({"spec":{}})", domain::Code::unprocessable).empty()) << "code must come from somewhere";
  EXPECT_FALSE(complaints_of("[]").empty());
  for (const auto* text : {"", "{", "nonsense", "{\"spec\":{}} tail", "{\"spec\":{},\"spec\":{}}", "\xff"}) {
    EXPECT_THROW(read_deployment(text, kHello), control::InvalidDocument) << text;
  }
}

TEST(Deployment, IsUnprocessableWhereItCanBeReadAndBreaksARule) {
  const auto found = complaints_of(
      R"({"spec":{"runtime":"python","name":"other","namespace":"team","scale":{"min":3,"max":2},"limits":{"tmp":"65Gi"}}})",
      domain::Code::unprocessable);
  EXPECT_TRUE(found.contains("name"));
  EXPECT_TRUE(found.contains("namespace"));
  EXPECT_TRUE(found.contains("scale.min"));
  EXPECT_TRUE(found.contains("limits.tmp"));
  EXPECT_TRUE(complaints_of(R"({"spec":{"runtime":"python","limits":{"tmp":"65Gi","cpu":[]}}})").contains("limits.tmp"))
      << "what cannot be read weighs more, and the rest is told all the same";
}

TEST(Deployment, TellsWhereItsJsonBreaks) {
  try {
    read_deployment("{\n  \"spec\": {,}\n}", kHello);
    ADD_FAILURE();
  } catch (const control::InvalidDocument& error) {
    EXPECT_THAT(error.fault().message, HasSubstr("line 2, column 12"));
  }
}

TEST(Codec, WritesAFunction) {
  FunctionParts parts;
  parts.function = {.value = {.name = kHello, .active = 3, .latest = 4}, .version = 7};
  parts.shown.number = 3;
  parts.shown.spec.runtime = "python";
  parts.shown.created_at = domain::WallTime{std::chrono::milliseconds{1'700'000'000'250}};
  parts.view.state = domain::State::warm;
  parts.view.replicas.resize(2);
  parts.view.last_failure = domain::Fault{.code = domain::Code::unavailable,
                                          .layer = domain::Layer::function,
                                          .message = "it exited",
                                          .detail = "\xff bytes"};
  const auto document = json::parse(function_text(parts, "http://h"));
  EXPECT_EQ(document["name"], "hello");
  EXPECT_EQ(document["namespace"], "default");
  EXPECT_EQ(document["state"], "warm");
  EXPECT_EQ(document["active"], 3);
  EXPECT_EQ(document["latest"], 4);
  EXPECT_EQ(document["version"], 7);
  EXPECT_EQ(document["url"], "http://h/fn/hello");
  EXPECT_EQ(document["created_at"], "2023-11-14T22:13:20.250Z");
  EXPECT_EQ(document["replicas"], 2);
  EXPECT_EQ(document["spec"]["runtime"], "python");
  EXPECT_FALSE(document["spec"].contains("name"));
  EXPECT_EQ(document["last_failure"]["layer"], "function");
  EXPECT_EQ(document["last_failure"]["detail"], "it exited");
}

TEST(Codec, WritesReplicasAndTheirState) {
  control::FunctionView view;
  view.held = 2;
  view.replicas.push_back({.id = 0xab, .revision = 3, .phase = domain::Phase::frozen, .in_flight = 1});
  view.usage.of(domain::Ending::succeeded) = 5;
  view.usage.of(domain::Ending::died) = 2;
  view.usage.cold_starts = 1;
  const auto document = json::parse(status_text(view, 12));
  EXPECT_EQ(document["totals"], json({{"calls", 7}, {"errors", 2}, {"cold_starts", 1}}));
  EXPECT_EQ(document["seen"], 12);
  EXPECT_EQ(document["held"], 2);
  EXPECT_FALSE(document.contains("last_failure"));
  const auto& replica = document["replicas"][0];
  EXPECT_EQ(replica["id"], "00000000000000ab");
  EXPECT_EQ(replica["state"], "warm") << "users see states; the frozen half is a phase";
  EXPECT_EQ(replica["phase"], "frozen");
  EXPECT_EQ(replica["in_flight"], 1);
  EXPECT_EQ(json::parse(replicas_text(view))["items"].size(), 1u);
  EXPECT_FALSE(replica.contains("debugger"));
  EXPECT_FALSE(replica.contains("awake"));
  view.replicas[0].awake = "a timer";
  EXPECT_EQ(json::parse(replicas_text(view))["items"][0]["awake"], "a timer");
  view.replicas[0].debugger = ports::TcpAddress{.host = "172.18.0.2", .port = 5678};
  EXPECT_EQ(json::parse(replicas_text(view))["items"][0]["debugger"], json({{"host", "172.18.0.2"}, {"port", 5678}}));
}

TEST(Codec, WritesProblemsWithTheirComplaints) {
  const domain::Fault fault{.code = domain::Code::invalid,
                            .layer = domain::Layer::client,
                            .message = "no",
                            .hint = "say yes",
                            .detail = "line\nline"};
  const auto document = json::parse(problem_text(fault, 400, {{"limits.memory", "is too small"}}));
  EXPECT_EQ(document["status"], 400);
  EXPECT_EQ(document["title"], "Bad Request");
  EXPECT_EQ(document["code"], "invalid");
  EXPECT_EQ(document["layer"], "client");
  EXPECT_EQ(document["detail"], "no");
  EXPECT_EQ(document["hint"], "say yes");
  EXPECT_EQ(document["log"], "line\nline");
  EXPECT_EQ(document["errors"][0]["field"], "limits.memory");
  EXPECT_FALSE(json::parse(problem_text(fault, 400)).contains("errors"));
}

TEST(Codec, WritesLists) {
  EXPECT_EQ(list_text({}), R"({"items":[]})");
  EXPECT_EQ(list_text({"1", "{}"}, "b\"c"), R"({"items":[1,{}],"next":"b\"c"})");
}

TEST(Codec, WritesLinesOfABuild) {
  EXPECT_EQ(build_output_line("a\n"), "{\"text\":\"a\\n\",\"type\":\"output\"}\n");
  EXPECT_EQ(json::parse(build_done_line(3)), json({{"type", "done"}, {"revision", 3}}));
  EXPECT_EQ(json::parse(build_failed_line({.message = "m"}))["problem"]["detail"], "m");
}

TEST(Codec, CutsAStreamBetweenCharacters) {
  const std::string text = "aé漢😀";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto whole = whole_characters(std::string_view(text).substr(0, size));
    const bool at_a_boundary = size == 0 || size == 1 || size == 3 || size == 6 || size == 10;
    EXPECT_EQ(whole == size, at_a_boundary) << size;
    EXPECT_LE(size - whole, 3u);
  }
  EXPECT_EQ(whole_characters("\x80\x80\x80\x80\x80"), 5u) << "what never becomes a character is not held back";
}

TEST(Codec, KnowsDigests) {
  EXPECT_TRUE(is_digest(kDigest));
  for (const auto& text : {std::string("sha256:"), kDigest + "0", "md5:" + std::string(64, '0'),
                           "sha256:" + std::string(64, 'A'), "sha256:" + std::string(62, '0') + ".."}) {
    EXPECT_FALSE(is_digest(text)) << text;
  }
}

}  // namespace
}  // namespace hearth::api
