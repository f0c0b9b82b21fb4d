#include "engines/docker/log_frames.h"

#include <gtest/gtest.h>

#include <vector>

namespace hearth::docker {
namespace {

constexpr std::int64_t kNanos = 1795452054123456780;

std::string frame(int stream, std::string_view message) {
  std::string text{static_cast<char>(stream), 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(message.size() >> shift & 0xFF);
  return text + std::string{message};
}
// `later`: nanoseconds, below ten.
std::string timed(int stream, std::string_view message, int later = 0) {
  return frame(stream, "2026-11-23T16:40:54.12345678" + std::to_string(later) + "Z " + std::string{message});
}

struct Told {
  std::int64_t time_nanos;
  bool error_stream;
  std::string text;
  bool operator==(const Told&) const = default;
};

struct Recorder {
  std::vector<Told> lines;
  LogFrames frames{[this](const OutputLine& line) {
    lines.push_back({line.time_nanos, line.error_stream, std::string{line.text}});
  }};
};

TEST(LogFrames, GivesEachLineItsStreamAndTime) {
  Recorder recorder;
  recorder.frames.feed(timed(1, "out\n") + timed(2, "err\n"));
  EXPECT_EQ(recorder.lines, (std::vector<Told>{{kNanos, false, "out"}, {kNanos, true, "err"}}));
}

TEST(LogFrames, TakesBytesHoweverTheyAreCut) {
  const auto bytes = timed(1, "one\n") + timed(2, "two\n") + timed(1, "\n", 1);
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    Recorder recorder;
    for (std::size_t at = 0; at < bytes.size(); at += size)
      recorder.frames.feed(std::string_view{bytes}.substr(at, size));
    ASSERT_EQ(recorder.lines,
              (std::vector<Told>{{kNanos, false, "one"}, {kNanos, true, "two"}, {kNanos + 1, false, ""}}));
  }
}

TEST(LogFrames, JoinsTheMessagesOfALongLine) {
  Recorder recorder;
  recorder.frames.feed(timed(1, "begin ") + timed(2, "between\n") + timed(1, "end\n"));
  EXPECT_EQ(recorder.lines, (std::vector<Told>{{kNanos, true, "between"}, {kNanos, false, "begin end"}}));
}

TEST(LogFrames, CutsALineThatHasNoEnd) {
  Recorder recorder;
  for (int i = 0; i < 100; ++i) recorder.frames.feed(timed(1, std::string(1000, 'x')));
  recorder.frames.feed(timed(1, "\n") + timed(1, "next\n", 1));
  ASSERT_EQ(recorder.lines.size(), 2u);
  EXPECT_EQ(recorder.lines[0].text, std::string(kLongestLine, 'x') + std::string{kCutMark});
  EXPECT_EQ(recorder.lines[1].text, "next");
}

TEST(LogFrames, HandsOnALastLineWithoutANewline) {
  Recorder recorder;
  recorder.frames.feed(timed(2, "killed while writ"));
  EXPECT_TRUE(recorder.lines.empty());
  recorder.frames.end();
  EXPECT_EQ(recorder.lines, (std::vector<Told>{{kNanos, true, "killed while writ"}}));
}

TEST(LogFrames, StartsAnewAfterAStreamThatBrokeOffInsideAFrame) {
  Recorder recorder;
  recorder.frames.feed(timed(1, "half\n").substr(0, 20));
  recorder.frames.end();
  recorder.frames.feed(timed(1, "whole\n"));
  EXPECT_EQ(recorder.lines, (std::vector<Told>{{kNanos, false, "whole"}}));
}

TEST(LogFrames, LeavesOutWhatDockerTellsTwice) {
  Recorder recorder;
  const auto told = timed(1, "a\n", 1) + timed(1, "b\n", 2);
  recorder.frames.feed(told + timed(2, "e\n", 1) + told + timed(1, "c\n", 3));
  EXPECT_EQ(
      recorder.lines,
      (std::vector<Told>{
          {kNanos + 1, false, "a"}, {kNanos + 2, false, "b"}, {kNanos + 1, true, "e"}, {kNanos + 3, false, "c"}}));
}

TEST(ParseTime, ReadsDockersTimes) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:01Z"), 1'000'000'000);
  EXPECT_EQ(parse_time("2026-11-23T16:40:54.123456780Z"), kNanos);
  EXPECT_EQ(parse_time("2026-11-23T16:40:54.1Z"), 1795452054100000000);
  for (const auto* text : {"", "text", "2026-11-23", "2026-13-23T16:40:54Z", "2026/11/23T16:40:54Z"})
    EXPECT_EQ(parse_time(text), 0);
}

TEST(UnixSeconds, KeepsEveryNanosecond) { EXPECT_EQ(unix_seconds(kNanos), "1795452054.123456780"); }

}  // namespace
}  // namespace hearth::docker
