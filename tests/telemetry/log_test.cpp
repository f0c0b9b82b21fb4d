#include "telemetry/log.h"

#include "telemetry/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::telemetry {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

TEST(JsonText, EscapesWhatJsonCannotHold) {
  EXPECT_EQ(quoted("plain"), "\"plain\"");
  EXPECT_EQ(quoted("a\"b\\c\n\t\r\x01\x7f"), R"("a\"b\\c\n\t\r\u0001\u007f")");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(quoted(""), "\"\"");
}

TEST(JsonText, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(quoted("Zoë 漢 😀"), "\"Zoë 漢 😀\"");
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(quoted("\xff"), "\"" + bad + "\"");
  EXPECT_EQ(quoted("a\xe6\xbc"), "\"a" + bad + bad + "\"") << "cut off in the middle of a character";
  EXPECT_EQ(quoted("\xc0\xaf"), "\"" + bad + bad + "\"") << "an overlong form";
  EXPECT_EQ(quoted("\xed\xa0\x80"), "\"" + bad + bad + bad + "\"") << "half a surrogate pair";
}

TEST(Log, FormatsFieldsForPeopleAndForCollectors) {
  const log::Fields fields{{"function", "hello"}, {"why", "no such file"}, {"took_ms", 12}, {"cold", true}};
  EXPECT_EQ(log::format_text("replica ready", fields),
            "replica ready function=hello why=\"no such file\" took_ms=12 cold=true");
  EXPECT_EQ(log::format_json("replica ready", fields),
            R"("message":"replica ready","function":"hello","why":"no such file","took_ms":12,"cold":true)");
  EXPECT_EQ(log::format_text("two\nlines", {}), "two lines");
}

TEST(Log, WritesLinesOfItsLevelAndAboveToStandardError) {
  testing::internal::CaptureStderr();
  log::configure({.level = log::Level::warn});
  log::info("unseen");
  log::warn("seen {}", {{"a", 1}});
  log::configure({.level = log::Level::debug, .json = true});
  log::debug("also", {{"b", "x y"}});
  log::configure({});
  const auto written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, Not(HasSubstr("unseen")));
  EXPECT_THAT(written, HasSubstr("Z warn")) << written;
  EXPECT_THAT(written, HasSubstr(" seen {} a=1\n"));
  EXPECT_THAT(written, HasSubstr(R"(","level":"debug","message":"also","b":"x y"})"));
}

TEST(Log, KnowsItsLevels) {
  EXPECT_EQ(log::parse_level("debug"), log::Level::debug);
  EXPECT_EQ(log::parse_level("error"), log::Level::error);
  EXPECT_FALSE(log::parse_level("loud"));
}

}  // namespace
}  // namespace hearth::telemetry
