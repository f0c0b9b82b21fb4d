#include "cli/build_output.h"
#include "cli/ndjson.h"
#include "domain/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines_of(std::initializer_list<std::string_view> pieces, bool& more, std::size_t most = 99) {
  std::vector<std::string> lines;
  NdjsonLines reader([&](std::string_view line) {
    lines.emplace_back(line);
    return lines.size() < most;
  });
  for (const auto piece : pieces) {
    more = reader.push(piece);
    if (!more) return lines;
  }
  more = reader.finish();
  return lines;
}

TEST(Ndjson, PutsLinesTogetherWhateverThePieces) {
  bool more = false;
  EXPECT_THAT(lines_of({"{\"a\":", "1}\n{\"b\":2}\n", "\n", "{\"c\"", ":3}"}, more),
              ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}"));
  EXPECT_TRUE(more);
  EXPECT_THAT(lines_of({"a\r\nb\n"}, more), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of({}, more), ElementsAre());
}

TEST(Ndjson, EndsWhenALineSaysSo) {
  bool more = true;
  EXPECT_THAT(lines_of({"a\nb\nc\n"}, more, 2), ElementsAre("a", "b"));
  EXPECT_FALSE(more);
}

TEST(Ndjson, RefusesALineWithoutEnd) {
  NdjsonLines reader([](std::string_view) { return true; });
  EXPECT_THROW(
      {
        for (int i = 0; i < 17; ++i) reader.push(std::string(1 << 20, 'x'));
      },
      domain::Error);
}

TEST(BuildOutput, CutsItsLinesAtReturnsToo) {
  BuildOutput output;
  std::vector<std::string> lines;
  const auto note = [&](std::string_view line) { lines.emplace_back(line); };
  output.write("Step 1/2\nfetch", note);
  output.write("ing 10%\rfetching 100%\r\n\nrest", note);
  EXPECT_THAT(lines, ElementsAre("Step 1/2", "fetching 10%", "fetching 100%"));
  EXPECT_EQ(output.last_lines(), "Step 1/2\nfetching 10%\nfetching 100%\nrest\n");
}

TEST(BuildOutput, KeepsOnlyItsLastLines) {
  BuildOutput output;
  for (int i = 1; i <= 100; ++i) output.write(std::to_string(i) + "\n", [](std::string_view) {});
  EXPECT_TRUE(output.last_lines().starts_with("71\n"));
  EXPECT_TRUE(output.last_lines().ends_with("\n100\n"));
}

}  // namespace
}  // namespace hearth::cli
