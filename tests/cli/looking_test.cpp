// What looks on as it happens: the table of all functions, a page that is cut, times as people write them, calls.
#include "cli/dev_voice.h"
#include "cli/overview.h"
#include "cli/screen.h"
#include "cli/time_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

std::vector<json> functions() {
  return {json::parse(R"({"name":"bee","state":"cold"})"), json::parse(R"({"name":"ant","state":"cold"})"),
          json::parse(R"({"name":"cat","state":"warm","status":{"state":"executing","held":2,"replicas":[
              {"phase":"executing","in_flight":3},{"phase":"warm","in_flight":0},{"phase":"executing","in_flight":1}]}})"),
          json::parse(R"({"name":"dog","state":"error","status":{"state":"error","replicas":[],"last_failure":
              {"status":502,"code":"unavailable","layer":"function","detail":"it did not load\nthe end"}}})")};
}

TEST(Overview, PutsWhatFailsFirstThenWhatWorks) {
  auto all = functions();
  sort_by_life(all);
  const Rates::Time now{};
  Rates rates;
  rates.add({{"cat", {}}, {"dog", {}}}, now);
  rates.add({{"cat", {.calls = 25, .errors = 1, .cold_starts = 0}}, {"dog", {}}}, now + 2s);
  EXPECT_EQ(overview_table(Terminal({}), all, rates),
            "NAME  STATE      REPLICAS             IN FLIGHT  HELD  CALLS/S  ERRORS/S  COLD/S  LAST FAILURE\n"
            "dog   error      -                    0          0     0        0         0       it did not load\n"
            "cat   executing  2 executing, 1 warm  4          2     12       0.5       0       \n"
            "ant   cold       -                    0          0     -        -         -       \n"
            "bee   cold       -                    0          0     -        -         -       \n");
  EXPECT_EQ(overview_table(Terminal({}), {}, {}), "no functions\n");
}

double calls_by_second(const Rates& rates) { return rates.of("cat").value_or(Rate{.calls = -1}).calls; }

TEST(Rates, AreThoseOfTheLastSecond) {
  const Rates::Time now{};
  Rates rates;
  EXPECT_FALSE(rates.of("cat"));
  rates.add({{"cat", {.calls = 100}}}, now);
  EXPECT_FALSE(rates.of("cat")) << "one look tells nothing of how fast they grow";
  rates.add({{"cat", {.calls = 110}}}, now + 500ms);
  EXPECT_DOUBLE_EQ(calls_by_second(rates), 20);
  rates.add({{"cat", {.calls = 120}}}, now + 1s);
  EXPECT_DOUBLE_EQ(calls_by_second(rates), 20);
  rates.add({{"cat", {.calls = 120}}}, now + 1500ms);
  EXPECT_DOUBLE_EQ(calls_by_second(rates), 10) << "what is older than a second counts no more";
  rates.add({{"cat", {.calls = 150}}}, now + 7500ms);
  EXPECT_DOUBLE_EQ(calls_by_second(rates), 5) << "nobody looked in between";
}

TEST(Rates, CountFromZeroAfterHearthdStartedAnew) {
  Rates rates;
  rates.add({{"cat", {.calls = 1000, .errors = 10, .cold_starts = 3}}}, Rates::Time{});
  rates.add({{"cat", {.calls = 6, .errors = 0, .cold_starts = 1}}, {"bee", {.calls = 9}}}, Rates::Time{} + 2s);
  const auto rate = rates.of("cat");
  ASSERT_TRUE(rate);
  EXPECT_DOUBLE_EQ(rate->calls, 3);
  EXPECT_DOUBLE_EQ(rate->errors, 0);
  EXPECT_DOUBLE_EQ(rate->cold_starts, 0.5);
  EXPECT_FALSE(rates.of("bee")) << "it is new";
}

TEST(Rates, AreShortToRead) {
  const std::pair<double, const char*> rows[] = {{0, "0"},      {0.04, "0.0"}, {0.4, "0.4"},
                                                 {9.94, "9.9"}, {9.96, "10"},  {12'345.6, "12346"}};
  for (const auto& [value, text] : rows) EXPECT_EQ(rate_text(Rate{.calls = value}, &Rate::calls), text) << value;
  EXPECT_EQ(rate_text({}, &Rate::calls), "-");
}

TEST(Overview, IsALineWhereNoPictureIsDrawn) {
  const auto all = functions();
  EXPECT_EQ(overview_line(all[0]), "bee cold");
  EXPECT_EQ(overview_line(all[2]), "cat executing (2 executing, 1 warm) in_flight=4 held=2");
  EXPECT_EQ(overview_line(all[3]), "dog error failure: it did not load");
}

TEST(Screen, CutsWhatDoesNotFit) {
  const std::string text = "1\n2\n3\n4\n";
  EXPECT_EQ(cut_to(text, 24), text);
  EXPECT_EQ(cut_to(text, 5), text) << "the cursor stands below";
  EXPECT_EQ(cut_to(text, 4), "1\n2\n… 2 more\n");
  EXPECT_EQ(cut_to(text, 3), "1\n… 3 more\n");
  EXPECT_EQ(cut_to(text, 1), "… 4 more\n");
}

TEST(TimeWords, AreAgoOrADate) {
  const auto now = std::chrono::system_clock::from_time_t(1'769'850'300);  // 2026-01-31T09:05:00Z
  const std::pair<const char*, const char*> rows[] = {{"10m", "2026-01-31T08:55:00Z"},
                                                      {"24h", "2026-01-30T09:05:00Z"},
                                                      {"2026-01-31", "2026-01-31T00:00:00Z"},
                                                      {"2026-01-31T09:05", "2026-01-31T09:05:00Z"},
                                                      {"2026-01-31T09:05Z", "2026-01-31T09:05:00Z"},
                                                      {"2026-01-31T09:05:07.25", "2026-01-31T09:05:07.25Z"}};
  for (const auto& [text, time] : rows) EXPECT_EQ(time_from_words(text, now), time) << text;
  for (const char* text : {"", "10", "soon", "31.1.2026", "2026-01-31 09:05", "2026-01-31T09:05:07.", "09:05"}) {
    EXPECT_EQ(time_from_words(text, now), std::nullopt) << text;
  }
}

TEST(CallText, IsMethodPathStatusAndTime) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"method":"GET","target":"/users?id=7","status":200,"ms":1.234})", "GET /users?id=7 200 1.2 ms"},
      {R"({"method":"POST","target":"","status":502,"ms":1234.5})", "POST / 502 1234 ms"},
      {R"({"method":"GET","target":"?a","status":0,"ms":12})", "GET /?a left 12 ms"}};
  for (const auto& [call, text] : rows) EXPECT_EQ(call_text(json::parse(call)), text);
}

}  // namespace
}  // namespace hearth::cli
