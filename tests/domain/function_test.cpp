#include "domain/function.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;

TEST(Function, ReadsSizesWithBinaryUnits) {
  const std::pair<const char*, std::optional<std::uint64_t>> rows[] = {
      {"0", 0},
      {"1000", 1000},
      {"512Ki", 512 << 10},
      {"256Mi", 256 << 20},
      {"1.5Mi", 3 << 19},
      {"1Gi", 1 << 30},
      {"2Ti", 2ull << 40},
      {"", std::nullopt},
      {"Mi", std::nullopt},
      {"-1Mi", std::nullopt},
      {"+1Mi", std::nullopt},
      {" 1Mi", std::nullopt},
      {"1 Mi", std::nullopt},
      {"1Mi ", std::nullopt},
      {"1MB", std::nullopt},
      {"1mi", std::nullopt},
      {"1e6", std::nullopt},
      {"0x10", std::nullopt},
      {"1,5Mi", std::nullopt},
      {"inf", std::nullopt},
      {"nan", std::nullopt},
      {"99999999999Ti", std::nullopt},
      {"1.", std::nullopt},
  };
  for (const auto& [text, count] : rows) {
    EXPECT_EQ(parse_bytes(text), count ? std::optional{Bytes{*count}} : std::nullopt) << "'" << text << "'";
  }
  EXPECT_EQ(parse_bytes(std::string(400, '9')), std::nullopt);
}

TEST(Function, ReadsTimesOnlyWithAUnit) {
  const std::pair<const char*, std::optional<std::chrono::milliseconds>> rows[] = {
      {"250ms", 250ms},
      {"30s", 30s},
      {"1.5s", 1500ms},
      {"5m", 5min},
      {"1h", 1h},
      {"0s", 0ms},
      {"30", std::nullopt},
      {"", std::nullopt},
      {"s", std::nullopt},
      {"-1s", std::nullopt},
      {"1d", std::nullopt},
      {"1S", std::nullopt},
      {"1 s", std::nullopt},
      {"1h30m", std::nullopt},
      {"1e3s", std::nullopt},
      {"9999999999999999h", std::nullopt},
  };
  for (const auto& [text, duration] : rows) EXPECT_EQ(parse_duration(text), duration) << "'" << text << "'";
}

TEST(Function, ReadsCpuInCoresAndThousandths) {
  const std::pair<const char*, std::optional<std::uint32_t>> rows[] = {
      {"1", 1000},
      {"0.5", 500},
      {"2.25", 2250},
      {"250m", 250},
      {"0", 0},
      {"", std::nullopt},
      {"m", std::nullopt},
      {"-1", std::nullopt},
      {".5", std::nullopt},
      {"1 m", std::nullopt},
      {"5000000", std::nullopt},
  };
  for (const auto& [text, millis] : rows) EXPECT_EQ(parse_cpu(text), millis) << "'" << text << "'";
}

TEST(Function, WritesSizesAndTimesInTheirLargestWholeUnit) {
  EXPECT_EQ(to_string(Bytes{0}), "0");
  EXPECT_EQ(to_string(Bytes{1000}), "1000");
  EXPECT_EQ(to_string(kibibytes(512)), "512Ki");
  EXPECT_EQ(to_string(mebibytes(1024)), "1Gi");
  EXPECT_EQ(to_string(mebibytes(1536)), "1536Mi");
  EXPECT_EQ(to_string(gibibytes(2048)), "2Ti");
  EXPECT_EQ(to_string(0ms), "0ms");
  EXPECT_EQ(to_string(1500ms), "1500ms");
  EXPECT_EQ(to_string(std::chrono::milliseconds{90s}), "90s");
  EXPECT_EQ(to_string(std::chrono::milliseconds{5min}), "5m");
  EXPECT_EQ(to_string(std::chrono::milliseconds{168h}), "168h");
}

TEST(Function, ReadsBackWhatItWrites) {
  for (const auto bytes : {Bytes{0}, Bytes{1}, Bytes{1023}, kibibytes(3), mebibytes(256), gibibytes(64)}) {
    EXPECT_EQ(parse_bytes(to_string(bytes)), bytes);
  }
  for (const std::chrono::milliseconds time : {0ms, 1ms, 999ms, 1000ms, 60'000ms, 3'600'001ms}) {
    EXPECT_EQ(parse_duration(to_string(time)), time);
  }
}

TEST(Function, IsNamedWithItsNamespaceUnlessThatIsTheDefault) {
  EXPECT_EQ(to_string(FunctionName{"default", "hello"}), "hello");
  EXPECT_EQ(to_string(FunctionName{"shop", "hello"}), "shop.hello");
}

TEST(Function, TakesNamesThatAreDnsLabels) {
  const std::string longest(63, 'a');
  for (const std::string& name : {std::string{"a"}, std::string{"hello-2"}, std::string{"a--b"}, longest}) {
    EXPECT_TRUE(is_valid_name(name)) << name;
  }
  for (const std::string& name : {std::string{}, std::string{"Hello"}, std::string{"2hello"}, std::string{"-a"},
                                  std::string{"a-"}, std::string{"a.b"}, std::string{"a_b"}, std::string{"a/b"},
                                  std::string{"ä"}, std::string{"a\0b", 3}, std::string{"a b"}, longest + "a"}) {
    EXPECT_FALSE(is_valid_name(name)) << name;
  }
}

FunctionSpec fine() {
  FunctionSpec spec;
  spec.name.name = "hello";
  spec.runtime = "python";
  spec.handler = "handler.py:handle";
  return spec;
}

TEST(Function, HasNothingToComplainAboutInAPlainSpec) { EXPECT_TRUE(check(fine()).empty()); }

struct SpecRow {
  const char* sentence;
  std::function<void(FunctionSpec&)> change;
  const char* field;  // complained about, alone; null: nothing
};

void expect_rows(std::initializer_list<SpecRow> rows) {
  for (const auto& row : rows) {
    auto spec = fine();
    row.change(spec);
    std::vector<std::string> fields;
    for (const auto& complaint : check(spec)) {
      fields.push_back(complaint.field);
      EXPECT_FALSE(complaint.message.empty()) << row.sentence;
    }
    std::vector<std::string> expected;
    if (row.field) expected.emplace_back(row.field);
    EXPECT_EQ(fields, expected) << row.sentence;
  }
}

TEST(Function, ComplainsAboutASourceThatIsNotExactlyOne) {
  const auto none = [](FunctionSpec& spec) { spec.runtime = spec.handler = ""; };
  expect_rows({
      {"an image alone", [&](auto& spec) { none(spec), spec.image = "nginx"; }, nullptr},
      {"a Dockerfile alone", [&](auto& spec) { none(spec), spec.build = "./Dockerfile"; }, nullptr},
      {"a Dockerfile in a folder", [&](auto& spec) { none(spec), spec.build = "a..b/Dockerfile"; }, nullptr},
      {"no source", none, "runtime"},
      {"a runtime and an image", [](auto& spec) { spec.image = "nginx"; }, "runtime"},
      {"an image and a Dockerfile", [&](auto& spec) { none(spec), spec.image = "nginx", spec.build = "D"; }, "image"},
      {"an image with a handler", [](auto& spec) { spec.runtime = "", spec.image = "nginx"; }, "handler"},
      {"a runtime that is a path", [](auto& spec) { spec.runtime = "../../etc"; }, "runtime"},
      {"a Dockerfile above the folder", [&](auto& spec) { none(spec), spec.build = "../Dockerfile"; }, "build"},
      {"one above by a detour", [&](auto& spec) { none(spec), spec.build = "a/../../D"; }, "build"},
      {"one anywhere on the host", [&](auto& spec) { none(spec), spec.build = "/etc/passwd"; }, "build"},
  });
}

TEST(Function, ComplainsAboutLimitsOutOfTheirRange) {
  expect_rows({
      {"the least memory", [](auto& spec) { spec.limits.memory = mebibytes(16); }, nullptr},
      {"less memory", [](auto& spec) { spec.limits.memory = Bytes{mebibytes(16).count - 1}; }, "limits.memory"},
      {"too much memory", [](auto& spec) { spec.limits.memory = gibibytes(1025); }, "limits.memory"},
      {"the least cpu", [](auto& spec) { spec.limits.cpu_millis = 10; }, nullptr},
      {"no cpu", [](auto& spec) { spec.limits.cpu_millis = 0; }, "limits.cpu"},
      {"too much cpu", [](auto& spec) { spec.limits.cpu_millis = 256'001; }, "limits.cpu"},
      {"no time", [](auto& spec) { spec.limits.timeout = 0ms; }, "limits.timeout"},
      {"a day", [](auto& spec) { spec.limits.timeout = 24h; }, nullptr},
      {"more than a day", [](auto& spec) { spec.limits.timeout = 24h + 1ms; }, "limits.timeout"},
      {"no concurrency", [](auto& spec) { spec.limits.concurrency = 0; }, "limits.concurrency"},
      {"too much concurrency", [](auto& spec) { spec.limits.concurrency = 1001; }, "limits.concurrency"},
      {"no process", [](auto& spec) { spec.limits.pids = 0; }, "limits.pids"},
      {"no /tmp", [](auto& spec) { spec.limits.tmp = {}; }, nullptr},
      {"too large a /tmp", [](auto& spec) { spec.limits.tmp = gibibytes(65); }, "limits.tmp"},
      {"too large a body", [](auto& spec) { spec.limits.body = gibibytes(65); }, "limits.body"},
  });
}

TEST(Function, ComplainsAboutAScaleOutOfItsRange) {
  expect_rows({
      {"no replica at all", [](auto& spec) { spec.scale.max = 0; }, "scale.max"},
      {"too many", [](auto& spec) { spec.scale.max = 1001; }, "scale.max"},
      {"always the same number", [](auto& spec) { spec.scale.min = spec.scale.max = 3; }, nullptr},
      {"more than most", [](auto& spec) { spec.scale.min = spec.scale.max + 1; }, "scale.min"},
      {"idle for no time", [](auto& spec) { spec.scale.idle_timeout = 99ms; }, "scale.idle_timeout"},
      {"idle for a week", [](auto& spec) { spec.scale.idle_timeout = 168h; }, nullptr},
      {"idle for ever", [](auto& spec) { spec.scale.idle_timeout = 169h; }, "scale.idle_timeout"},
      {"no time to start", [](auto& spec) { spec.scale.start_timeout = 1ms; }, "scale.start_timeout"},
      {"never frozen", [](auto& spec) { spec.scale.freeze = *parse_freeze("never"); }, nullptr},
      {"frozen at once", [](auto& spec) { spec.scale.freeze = *parse_freeze("99ms"); }, "scale.freeze"},
      {"frozen after a week", [](auto& spec) { spec.scale.freeze = *parse_freeze("168h"); }, nullptr},
      {"frozen hardly ever", [](auto& spec) { spec.scale.freeze = *parse_freeze("169h"); }, "scale.freeze"},
      {"for ever to start", [](auto& spec) { spec.scale.start_timeout = 2h; }, "scale.start_timeout"},
  });
}

TEST(Function, ComplainsAboutNamesVariablesAndNetworks) {
  expect_rows({
      {"no name", [](auto& spec) { spec.name.name = ""; }, "name"},
      {"a bad namespace", [](auto& spec) { spec.name.space = "a.b"; }, "namespace"},
      {"a plain variable", [](auto& spec) { spec.env["_Level2"] = "info"; }, nullptr},
      {"a variable with a digit first", [](auto& spec) { spec.env["2A"] = ""; }, "env.2A"},
      {"a variable without a name", [](auto& spec) { spec.env[""] = ""; }, "env."},
      {"a variable with a sign", [](auto& spec) { spec.env["A=B"] = ""; }, "env.A=B"},
      {"our own variable", [](auto& spec) { spec.env["HEARTH_SOCKET"] = "/x"; }, "env.HEARTH_SOCKET"},
      {"the port", [](auto& spec) { spec.env["PORT"] = "1"; }, "env.PORT"},
      {"a path as runtime", [](auto& spec) { spec.container_runtime = "/usr/bin/runsc"; }, "container_runtime"},
      {"a NUL in a value",
       [](auto& spec) {
         spec.env["A"] = std::string{"a\0b", 3};
       },
       "env.A"},
      {"a network to join", [](auto& spec) { spec.network.attach = {"db"}; }, nullptr},
      {"that network and no other",
       [](auto& spec) {
         spec.network = {false, {"db"}};
       },
       nullptr},
  });
}

TEST(Function, ComplainsAboutADebuggerThatCannotBe) {
  const auto debug = [](FunctionSpec& spec) { spec.debug = true, spec.scale.max = 1; };
  expect_rows({
      {"one of a runtime's", debug, nullptr},
      {"one of an image", [&](auto& spec) { debug(spec), spec.runtime = spec.handler = "", spec.image = "nginx"; },
       "debug"},
      {"one of two replicas", [&](auto& spec) { debug(spec), spec.scale.max = 2; }, "debug"},
  });
}

TEST(Function, ComplainsAboutEverythingAtOnce) {
  auto spec = fine();
  spec.name.name = "";
  spec.limits.pids = 0;
  spec.scale.max = 0;
  spec.env["PORT"] = "1";
  EXPECT_EQ(check(spec).size(), 4u);
}

TEST(Function, NamesTheStatesOfItsRevisions) {
  EXPECT_EQ(name(RevisionState::building), "building");
  EXPECT_EQ(name(RevisionState::ready), "ready");
  EXPECT_EQ(name(RevisionState::failed), "failed");
}

}  // namespace
}  // namespace hearth::domain
