#include "launcher/handover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace hearth::launcher {
namespace {

struct Told {
  std::map<std::string, std::string> env = {};
  std::string folder = {};
  std::uint64_t package = 0;

  bool operator==(const Told&) const = default;
};

std::optional<Told> read(std::string line) {
  const auto handover = std::make_unique<Handover>();
  if (!read_handover(line.data(), line.data() + line.size(), *handover)) return std::nullopt;
  Told told{.folder = handover->folder, .package = handover->package};
  for (std::size_t at = 0; at < handover->variable_count; ++at) {
    told.env[handover->variables[at].name] = handover->variables[at].value;
  }
  return told;
}

std::optional<Told> value(const std::string& quoted) {
  return read(R"({"env": {"A": )" + quoted + R"(}, "folder": "/f"})");
}

TEST(Handover, SaysWhatTheFunctionIs) {
  EXPECT_EQ(read(R"({"env": {"A": "1", "B": ""}, "folder": "/function", "handler": "h", "package": 1536})"),
            (Told{.env = {{"A", "1"}, {"B", ""}}, .folder = "/function", .package = 1536}));
  EXPECT_EQ(read(" {\"folder\":\"/f\"\t,\"env\" : { }}\r"), (Told{.folder = "/f"}));
}

TEST(Handover, UnescapesStrings) {
  for (const auto& [quoted, meant] : std::map<std::string, std::string>{
           {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
           {R"("\u0041\u00e9\u20AC\ud83d\ude00")", "Aé€😀"},
           {R"("é😀")", "é😀"},
           {R"("a=b {}[],:")", "a=b {}[],:"},
       }) {
    const auto told = value(quoted);
    ASSERT_TRUE(told.has_value()) << quoted;
    EXPECT_EQ(told->env.at("A"), meant);
  }
}

TEST(Handover, RefusesWhatNoStringIs) {
  for (const std::string quoted :
       {R"("\u0000")", R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\u12")", R"("\u12g4")",
        R"("\x")", R"("\)", R"(")", "\"\x01\"", R"(1)", R"(null)", R"(['a'])", R"('a')"}) {
    EXPECT_EQ(value(quoted), std::nullopt) << quoted;
  }
}

TEST(Handover, RefusesWhatIsNone) {
  for (const std::string line : {
           "",
           "{",
           "{}",
           "[]",
           "null",
           R"({"env": {}})",
           R"({"folder": "/f"} {"folder": "/f"})",
           R"({"folder": "/f"},)",
           R"({"folder": "/f",})",
           R"({"folder" "/f"})",
           R"({folder: "/f"})",
           R"({"folder": null})",
           R"({"folder": "/f)",
           R"({"env": {"": "a"}, "folder": "/f"})",
           R"({"env": {"A=B": "a"}, "folder": "/f"})",
           R"({"env": ["A"], "folder": "/f"})",
           R"({"folder": "/f", "package": -1})",
           R"({"folder": "/f", "package": 1.5})",
           R"({"folder": "/f", "package": 01})",
           R"({"folder": "/f", "package": 9007199254740993})",
           R"({"folder": "/f", "package": })",
           R"({"folder": "/f", "more": "a"})",
       }) {
    EXPECT_EQ(read(line), std::nullopt) << line;
  }
}

TEST(Handover, EveryCutOfOneIsNone) {
  const std::string line = R"({"env": {"A": "\u00e9\n"}, "folder": "/f", "package": 12})";
  ASSERT_TRUE(read(line).has_value());
  for (std::size_t size = 0; size < line.size(); ++size) EXPECT_EQ(read(line.substr(0, size)), std::nullopt) << size;
}

TEST(Handover, HasRoomForSoManyVariables) {
  std::string env;
  const auto add = [&] { env += (env.empty() ? "\"V" : ", \"V") + std::to_string(env.size()) + "\": \"\""; };
  for (std::size_t at = 0; at < Handover::kMostVariables; ++at) add();
  EXPECT_EQ(read("{\"folder\": \"/f\", \"env\": {" + env + "}}")->env.size(), Handover::kMostVariables);
  add();
  EXPECT_EQ(read("{\"folder\": \"/f\", \"env\": {" + env + "}}"), std::nullopt);
}

}  // namespace
}  // namespace hearth::launcher
