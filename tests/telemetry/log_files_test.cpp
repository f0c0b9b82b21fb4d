#include "telemetry/log_files.h"

#include "fakes/temporary_folder.h"
#include "telemetry/log_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>
#include <algorithm>
#include <fstream>
#include <thread>
#include <vector>

namespace hearth::telemetry {
namespace {

using namespace std::chrono_literals;
using domain::FunctionName;
using testing::HasSubstr;
using testing::StartsWith;
using tests::TemporaryFolder;

const FunctionName kHello{.space = "default", .name = "hello"};

ports::LogLine line_of(std::string_view text, FunctionName function = kHello) {
  return {
      .replica = 0xab, .function = std::move(function), .time = domain::WallTime{1'700'000'000'250ms}, .text = text};
}

constexpr std::size_t kAll = 1'000'000;

// The last `tail` lines, without waiting for more.
std::string last(LogFiles& files, const FunctionName& function, std::size_t tail = kAll) {
  auto reader = files.reader(function, tail);
  std::string text;
  for (auto part = reader.read(0ms); !part.lines.empty(); part = reader.read(0ms)) text += part.lines;
  return text;
}

std::size_t count_lines(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(LogLine, TellsWhenWhoAndWhat) {
  auto line = line_of("say \"hi\"");
  EXPECT_EQ(format_line(line),
            "{\"time\":\"2023-11-14T22:13:20.250Z\",\"replica\":\"00000000000000ab\",\"stream\":\"stdout\","
            "\"text\":\"say \\\"hi\\\"\"}\n");
  line.error_stream = true;
  EXPECT_THAT(format_line(line), HasSubstr("\"stream\":\"stderr\""));
}

TEST(LogLine, TakesTheCallsMarkerOff) {
  EXPECT_THAT(format_line(line_of("\x1f"
                                  "c-7\x1f"
                                  "done")),
              HasSubstr(R"("call":"c-7","text":"done")"));
  struct Row {
    std::string_view text, call, rest;
  };
  for (const auto& row : {Row{"\x1f"
                              "id\x1f",
                              "id", ""},
                          Row{"plain", "", "plain"},
                          Row{"\x1f"
                              "open",
                              "",
                              "\x1f"
                              "open"},
                          Row{"\x1f\x1fx", "", "\x1f\x1fx"},
                          Row{"\x1f"
                              "a b\x1fx",
                              "",
                              "\x1f"
                              "a b\x1fx"},
                          Row{"", "", ""}}) {
    EXPECT_EQ(split_marker(row.text).call, row.call) << row.text;
    EXPECT_EQ(split_marker(row.text).text, row.rest) << row.text;
  }
  const auto endless = "\x1f" + std::string(100, 'x') + "\x1f";
  EXPECT_EQ(split_marker(endless).text, endless);
}

TEST(LogLine, LeavesOutTheRestOfAnEndlessLineAndSaysSo) {
  const std::string endless(100'000, 'x');
  const auto formatted = format_line(line_of(endless));
  EXPECT_LT(formatted.size(), 70'000u);
  EXPECT_THAT(formatted, HasSubstr("(34464 bytes more)"));
}

TEST(LogFiles, GivesTheLastLinesAndAllOfThem) {
  TemporaryFolder folder;
  LogFiles files({.folder = folder / "logs"});
  EXPECT_EQ(last(files, kHello, 10), "");
  for (int i = 0; i < 20; ++i) files.line(line_of("line " + std::to_string(i)));
  EXPECT_EQ(count_lines(last(files, kHello, 1000)), 20u);
  const auto end = last(files, kHello, 2);
  EXPECT_EQ(count_lines(end), 2u);
  EXPECT_THAT(end, HasSubstr("line 18"));
  EXPECT_THAT(end, HasSubstr("line 19"));
  EXPECT_EQ(last(files, kHello, 0), "");
}

TEST(LogFiles, KeepsFunctionsOfDifferentNamespacesApart) {
  TemporaryFolder folder;
  LogFiles files({.folder = folder.path()});
  const FunctionName other{.space = "team", .name = "hello"};
  files.line(line_of("mine"));
  files.line(line_of("theirs", other));
  EXPECT_THAT(last(files, kHello), HasSubstr("mine"));
  EXPECT_THAT(last(files, other), HasSubstr("theirs"));
  EXPECT_EQ(count_lines(last(files, other)), 1u);
}

TEST(LogFiles, StaysWithinItsSizeAndDropsTheOldest) {
  TemporaryFolder folder;
  constexpr std::uint64_t kBytes = 10'000;
  LogFiles files({.folder = folder.path(), .file_bytes = kBytes});
  for (int i = 0; i < 1000; ++i) files.line(line_of("line " + std::to_string(i)));
  std::uint64_t on_disk = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) on_disk += entry.file_size();
  EXPECT_LE(on_disk, 2 * kBytes);
  EXPECT_GT(on_disk, kBytes);
  const auto kept = last(files, kHello);
  EXPECT_EQ(kept.size(), on_disk);
  EXPECT_THAT(kept, StartsWith("{\"time\""));
  EXPECT_THAT(kept, HasSubstr("line 999"));
  const auto end = last(files, kHello, 100);
  EXPECT_EQ(count_lines(end), 100u) << "the tail reaches back into the older file";
  EXPECT_THAT(end, HasSubstr("line 900\""));
}

TEST(LogFiles, GoesOnAfterARestartAndCutsOffAnUnfinishedLine) {
  TemporaryFolder folder;
  {
    LogFiles files({.folder = folder.path()});
    files.line(line_of("before"));
  }
  std::ofstream(folder / "default.hello.log", std::ios::app) << "{\"time\":\"half a li";
  LogFiles files({.folder = folder.path()});
  files.line(line_of("after"));
  const auto all = last(files, kHello);
  EXPECT_EQ(count_lines(all), 2u);
  EXPECT_THAT(all, testing::Not(HasSubstr("half")));
  EXPECT_THAT(last(files, kHello, 1), HasSubstr("after"));
}

// Followers read from before the first line until the last, while it is written and rotated.
TEST(LogFiles, HandsEveryLineToEveryFollowerInOrder) {
  TemporaryFolder folder;
  LogFiles files({.folder = folder.path(), .file_bytes = 4 << 20});
  constexpr int kLines = 2000;
  constexpr int kFollowers = 3;
  std::vector<std::string> got(kFollowers);
  {
    std::vector<std::jthread> followers;
    for (auto& text : got) {
      followers.emplace_back([&] {
        auto reader = files.reader(kHello, kAll);
        while (count_lines(text) < kLines) {
          const auto part = reader.read(10s);
          if (part.lines.empty()) return;  // ten seconds without news
          text += part.lines;
        }
      });
    }
    for (int i = 0; i < kLines; ++i) files.line(line_of("line " + std::to_string(i)));
  }
  const auto all = last(files, kHello);
  ASSERT_EQ(count_lines(all), static_cast<std::size_t>(kLines));
  for (const auto& text : got) EXPECT_EQ(text, all);
}

TEST(LogFiles, LetsAReaderThatFellBehindGoOnWithWhatIsKept) {
  TemporaryFolder folder;
  LogFiles files({.folder = folder.path(), .file_bytes = 2'000});
  files.line(line_of("first"));
  auto reader = files.reader(kHello, 1);
  EXPECT_THAT(reader.read(0ms).lines, HasSubstr("first"));
  for (int i = 0; i < 200; ++i) files.line(line_of("line " + std::to_string(i)));
  std::string text;
  for (auto part = reader.read(0ms); !part.lines.empty(); part = reader.read(0ms)) text += part.lines;
  EXPECT_THAT(text, StartsWith("{\"time\""));
  EXPECT_THAT(text, HasSubstr("line 199"));
  EXPECT_EQ(text, last(files, kHello));
}

TEST(LogFiles, StopsWaitingWhenItIsAskedTo) {
  TemporaryFolder folder;
  LogFiles files({.folder = folder.path()});
  std::stop_source stop;
  auto reader = files.reader(kHello, 0);
  std::jthread asker([&] { stop.request_stop(); });
  const auto part = reader.read(60s, stop.get_token());
  EXPECT_TRUE(part.lines.empty());
  EXPECT_FALSE(part.removed);
}

TEST(LogFiles, TellsReadersThatTheFunctionWasRemoved) {
  TemporaryFolder folder;
  LogFiles files({.folder = folder.path()});
  files.line(line_of("last words"));
  auto waiting = files.reader(kHello, 0);
  auto late = files.reader(kHello, 0);
  bool removed = false;
  std::jthread follower([&] { removed = waiting.read(60s).removed; });
  files.remove(kHello);
  follower.join();
  EXPECT_TRUE(removed);
  EXPECT_TRUE(late.read(60s).removed) << "also one that did not wait just then";
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  files.line(line_of("a new life"));
  EXPECT_EQ(count_lines(last(files, kHello)), 1u);
}

TEST(LogFiles, KeepsFewFilesOpenForManyFunctions) {
  TemporaryFolder folder;
  LogFiles files({.folder = folder.path(), .open_files = 8});
  const auto before = open_descriptors();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) files.line(line_of("x", {.space = "default", .name = "f" + std::to_string(i)}));
  }
  EXPECT_LE(open_descriptors(), before + 8);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(count_lines(last(files, {.space = "default", .name = "f" + std::to_string(i)})), 3u) << i;
  }
}

TEST(LogFiles, TakesLinesOfManyThreadsWhole) {
  TemporaryFolder folder;
  LogFiles files({.folder = folder.path(), .file_bytes = 1 << 20});
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&] {
        for (int line = 0; line < 500; ++line) files.line(line_of("all of it"));
      });
    }
  }
  const auto all = last(files, kHello);
  EXPECT_EQ(count_lines(all), 2000u);
  EXPECT_EQ(all.size(), 2000 * format_line(line_of("all of it")).size());
}

TEST(LogFiles, LosesLinesOnAFullDiskAndSaysHowManyOnceThereIsRoom) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  TemporaryFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "cannot mount a tmpfs here";
  {
    LogFiles files({.folder = folder / "logs"});
    std::ofstream(folder / "ballast") << std::string(32'768, 'x');
    for (int i = 0; i < 1000; ++i) files.line(line_of("line " + std::to_string(i)));
    const auto kept = count_lines(last(files, kHello));
    EXPECT_GT(kept, 0u);
    EXPECT_LT(kept, 1000u);
    std::filesystem::remove(folder / "ballast");
    files.line(line_of("room again"));
    const auto end = last(files, kHello, 2);
    EXPECT_THAT(end, HasSubstr(std::to_string(1000 - kept) + " lines were lost"));
    EXPECT_THAT(end, HasSubstr("room again"));
  }
  EXPECT_EQ(::umount(folder.path().c_str()), 0);
}

}  // namespace
}  // namespace hearth::telemetry
