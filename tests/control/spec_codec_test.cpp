#include "control/spec_codec.h"

#include "control/json_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

domain::FunctionSpec odd_spec() {
  domain::FunctionSpec spec;
  spec.name = {.space = "team", .name = "thumbs"};
  spec.runtime = "python";
  spec.handler = "handler.py:handle";
  spec.container_runtime = "runsc";
  spec.env = {{"LEVEL", "info"}, {"QUOTE", "\"\n"}};
  spec.limits = {.memory = domain::Bytes{1'000'001},
                 .cpu_millis = 333,
                 .timeout = 1500ms,
                 .concurrency = 1,
                 .pids = 7,
                 .tmp = domain::kibibytes(3),
                 .body = domain::gibibytes(1)};
  spec.scale = {.min = 1,
                .max = 3,
                .keep_alive = domain::KeepAlive::hybrid,
                .idle_timeout = 90s,
                .start_timeout = 1ms,
                .freeze = {.when = domain::Freeze::When::after, .idle = 1500ms}};
  spec.network = {.egress = false, .attach = {"db", "cache"}};
  return spec;
}

TEST(SpecCodec, GivesBackWhatWasEncoded) {
  EXPECT_EQ(decode_spec(encode_spec(odd_spec())), odd_spec());
  domain::FunctionSpec image;
  image.name.name = "x";
  image.image = "nginx@sha256:1";
  EXPECT_EQ(decode_spec(encode_spec(image)), image);
  image.debug = true;
  EXPECT_TRUE(decode_spec(encode_spec(image)).debug);
}

TEST(SpecCodec, ReadsWhenToFreeze) {
  using When = domain::Freeze::When;
  EXPECT_EQ(decode_spec(R"({"scale":{"freeze":"auto"}})").scale.freeze.when, When::automatic);
  EXPECT_EQ(decode_spec(R"({"scale":{"freeze":"never"}})").scale.freeze.when, When::never);
  EXPECT_EQ(decode_spec(R"({"scale":{"freeze":"10s"}})").scale.freeze.idle, 10s);
  for (const auto* wrong :
       {R"({"scale":{"freeze":"soon"}})", R"({"scale":{"freeze":10}})", R"({"scale":{"freeze":""}})"}) {
    EXPECT_THROW(decode_spec(wrong), InvalidDocument) << wrong;
  }
}

TEST(SpecCodec, ReadsHowLongToKeep) {
  using domain::KeepAlive;
  const std::pair<const char*, KeepAlive> cases[] = {
      {R"({})", KeepAlive::automatic},
      {R"({"scale":{}})", KeepAlive::automatic},
      {R"({"scale":{"idle_timeout":"5m"}})", KeepAlive::fixed},
      {R"({"scale":{"idle_timeout":"5m","keep_alive":"auto"}})", KeepAlive::automatic},
      {R"({"scale":{"keep_alive":"fixed"}})", KeepAlive::fixed},
      {R"({"scale":{"keep_alive":"hybrid"}})", KeepAlive::hybrid},
  };
  for (const auto& [text, keep] : cases) EXPECT_EQ(decode_spec(text).scale.keep_alive, keep) << text;
  for (const auto* wrong : {R"({"scale":{"keep_alive":"never"}})", R"({"scale":{"keep_alive":7}})"}) {
    EXPECT_THROW(decode_spec(wrong), InvalidDocument) << wrong;
  }
}

TEST(SpecCodec, TakesDefaultsForWhatIsLeftOut) {
  domain::FunctionSpec plain;
  plain.runtime = "python";
  EXPECT_EQ(decode_spec(R"({"runtime":"python"})"), plain);
  EXPECT_EQ(decode_spec(R"({"limits":{"memory":1048576}})").limits.memory, domain::mebibytes(1)) << "plain bytes";
  EXPECT_EQ(decode_spec(R"({"limits":{"cpu":"250m"}})").limits.cpu_millis, 250u);
}

TEST(RevisionCodec, GivesBackWhatWasEncoded) {
  domain::Revision revision{
      .function = odd_spec().name,
      .number = 12,
      .package = "sha256:1",
      .spec = odd_spec(),
      .created_at = domain::WallTime{1'700'000'000'123ms},
      .state = domain::RevisionState::failed,
      .image = "sha256:2",
      .fault = domain::Fault{
          .code = domain::Code::invalid, .layer = domain::Layer::limit, .message = "m", .hint = "h", .detail = "d"}};
  auto back = decode_revision(encode_revision(revision));
  EXPECT_EQ(back.function, revision.function);
  EXPECT_EQ(back.number, 12u);
  EXPECT_EQ(back.package, "sha256:1");
  EXPECT_EQ(back.spec, revision.spec);
  EXPECT_EQ(back.created_at, revision.created_at);
  EXPECT_EQ(back.state, revision.state);
  EXPECT_EQ(back.image, "sha256:2");
  EXPECT_EQ(back.fault, revision.fault);
  revision.fault.reset();
  EXPECT_FALSE(decode_revision(encode_revision(revision)).fault);
}

TEST(SpecCodec, GivesBackHttpTriggers) {
  domain::FunctionSpec spec;
  spec.http_triggers = {{.path = "/a/{id}", .methods = {"GET"}, .host = "*.a.org", .cors = {}},
                        {.path = "/b",
                         .methods = {},
                         .host = {},
                         .cors = domain::Cors{.origins = {"https://a.org"},
                                              .methods = {"PUT"},
                                              .headers = {"X-A"},
                                              .expose = {"X-B"},
                                              .credentials = true,
                                              .max_age = 90s}}};
  EXPECT_EQ(decode_spec(encode_spec(spec)).http_triggers, spec.http_triggers);
}

TEST(SpecCodec, RefusesTriggersItDoesNotKnowWithTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"triggers":{}})", "triggers must be a list"},
      {R"({"triggers":[{"cron":{}}]})", "triggers[0].cron is kept for a later version"},
      {R"({"triggers":[{}]})", "triggers[0] must say what triggers it"},
      {R"({"triggers":[7]})", "triggers[0] must be an object"},
      {R"({"triggers":[{"http":{"pth":"/a"}}]})", "triggers[0].http.pth is not known here; did you mean path?"},
      {R"({"triggers":[{"http":{"cors":{"credentials":"yes"}}}]})",
       "triggers[0].http.cors.credentials must be true or false"},
  };
  for (const auto& [text, words] : cases) {
    try {
      decode_spec(text);
      ADD_FAILURE() << text;
    } catch (const InvalidDocument& refusal) {
      EXPECT_THAT(refusal.what(), testing::HasSubstr(words)) << text;
    }
  }
}

TEST(RevisionCodec, KeepsWordsThatAreNoUtf8Readable) {
  domain::Revision revision;
  revision.fault = domain::Fault{.message = "bad \xff byte"};
  EXPECT_EQ(decode_revision(encode_revision(revision)).fault->message, "bad \xef\xbf\xbd byte");
}

TEST(FunctionCodec, GivesBackWhatWasEncoded) {
  const domain::Function function{.name = {.space = "a", .name = "b"}, .active = 3, .latest = 5};
  const auto back = decode_function(encode_function(function));
  EXPECT_EQ(back.name, function.name);
  EXPECT_EQ(back.active, 3u);
  EXPECT_EQ(back.latest, 5u);
}

TEST(JsonFields, NamesTheNearestKeyWhereThereIsOne) {
  EXPECT_EQ(nearest("memroy", {"cpu", "memory"}), "memory");
  EXPECT_EQ(nearest("tiemout", {"timeout", "tmp"}), "timeout");
  EXPECT_EQ(nearest("zzzzzz", {"timeout", "tmp"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), {"a"}), "") << "no time is spent on what nobody meant";
}

TEST(JsonFields, RefuseWhatAParserWouldLetPass) {
  for (const auto& text : {std::string("{\"a\":1,\"a\":2}"), std::string("{\"b\":{\"a\":1,\"a\":1}}"),
                           std::string(100, '[') + std::string(100, ']'), std::string("{} {}"), std::string()}) {
    EXPECT_THROW(parse_json(text), InvalidDocument) << text;
  }
  EXPECT_NO_THROW(parse_json(R"({"a":{"a":1},"b":{"a":1}})")) << "in different objects";
}

// With the parser's own callback this took minutes.
TEST(JsonFields, ReadAnArrayOfManyObjects) {
  std::string text = "[{}";
  for (int i = 1; i < 300'000; ++i) text += ",{}";
  EXPECT_EQ(parse_json(text + "]").size(), 300'000u);
}

TEST(Time, IsWrittenAsRfc3339) {
  EXPECT_EQ(format_time(domain::WallTime{0ms}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(domain::WallTime{1'709'208'000'007ms}), "2024-02-29T12:00:00.007Z");
}

}  // namespace
}  // namespace hearth::control
