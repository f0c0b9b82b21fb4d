// `fn usage` against a server that answers what docs/reference/api.md promises.
#include "domain/usage.h"
#include "api_stub.h"
#include "cli/chart.h"
#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kUsage = "/v1/namespaces/default/usage";

Program::Variables at(const ApiStub& stub, const std::string& locale, const std::string& columns = "100") {
  return {{"HEARTH_API", stub.base()}, {"HEARTH_TOKEN", "secret"}, {"LC_ALL", locale}, {"COLUMNS", columns}};
}

std::string row(const std::string& day, const std::string& function, int calls, double gb_seconds) {
  return nlohmann::json{{"day", day},
                        {"namespace", "default"},
                        {"function", function},
                        {"calls", calls},
                        {"errors", {{"total", 1}}},
                        {"cold_starts", 2},
                        {"gb_seconds", gb_seconds},
                        {"initializing_gb_seconds", 0.25},
                        {"operator", {{"idle_gb_seconds", 2.5}, {"frozen_gb_seconds", 0.5}}}}
      .dump();
}

const std::string kDays = "?from=2026-11-01&to=2026-11-04&limit=1000";

ApiStub::Answers three_days() {
  return {{"GET " + kUsage + kDays,
           answer("200 OK", "{\"items\":[" + row("2026-11-02", "a", 10, 8) + "," + row("2026-11-02", "b", 5, 0.001) +
                                "],\"next\":\"2026-11-02/b\"}")},
          {"GET " + kUsage + kDays + "&after=2026-11-02%2Fb",
           answer("200 OK", "{\"items\":[" + row("2026-11-04", "a", 1, 200) + "]}")}};
}

const std::vector<std::string> kWords{"usage", "--from", "2026-11-01", "--to", "2026-11-04"};

TEST(Usage, ShowsEachDayWithABarAndTheTotal) {
  ApiStub stub(three_days());
  const auto outcome = run(kWords, at(stub, "C.UTF-8"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "DAY         CALLS  ERRORS  COLD STARTS  GB-SECONDS  STARTING  KEPT WARM\n"
            "2026-11-02  15     2       4            8.001       0.500     6.000      █▏\n"
            "2026-11-03  0      0       0            0.000       0.000     0.000      \n"
            "2026-11-04  1      1       2            200.0       0.250     3.000      ███████████████████████████\n"
            "total       16     3       6            208.0       0.750     9.000\n");
}

TEST(Usage, DrawsInAsciiWhereTheLocaleSaysSoAndLeavesBarsOutWhereNoRoomIs) {
  ApiStub stub(three_days());
  const auto ascii = run(kWords, at(stub, "C")).out;
  EXPECT_THAT(ascii, HasSubstr("3.000      ###########################\n"));
  EXPECT_THAT(ascii, Not(HasSubstr("█")));
  EXPECT_THAT(run(kWords, at(stub, "C", "72")).out, Not(HasSubstr("#")));
}

TEST(Usage, AddsUpByFunctionTheDearestFirst) {
  ApiStub stub(three_days());
  auto words = kWords;
  words.insert(words.end(), {"--by", "function"});
  const auto out = run(words, at(stub, "C")).out;
  EXPECT_THAT(out, HasSubstr("FUNCTION  CALLS"));
  EXPECT_THAT(out, HasSubstr("a         11     2       4            208.0"));
  EXPECT_LT(out.find("\na "), out.find("\nb "));
}

TEST(Usage, PrintsTheDocumentsForPrograms) {
  ApiStub stub(three_days());
  auto words = kWords;
  words.insert(words.end(), {"-o", "json"});
  EXPECT_EQ(nlohmann::json::parse(run(words, at(stub, "C")).out)["items"].size(), 3u);
}

TEST(Usage, AsksForTheLastWeekOfOneFunction) {
  ApiStub stub(ApiStub::Answers{{"GET /v1/namespaces/team/usage*", answer("200 OK", R"({"items":[]})")}});
  const auto outcome = run({"usage", "team.hello"}, at(stub, "C"));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("nothing was used from "));
  const auto head = stub.await("GET /v1/namespaces/team/usage").head;
  const auto from = domain::parse_day(head.substr(head.find("from=") + 5, 10));
  const auto to = domain::parse_day(head.substr(head.find("&to=") + 4, 10));
  ASSERT_TRUE(from && to) << head;
  EXPECT_EQ(*to - *from, std::chrono::days{6});
  EXPECT_THAT(head, HasSubstr("&function=hello "));
}

TEST(Usage, RefusesDaysThatAreNone) {
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{"usage", "--since", "week"}, "--since is week, and must be a number of days"},
      {{"usage", "--since", "0d"}, "--since is 0d"},
      {{"usage", "--since", "d"}, "--since is d"},
      {{"usage", "--from", "2026-13-01"}, "--from is 2026-13-01, which is no day"},
      {{"usage", "--from", "2026-11-02", "--to", "2026-11-01"}, "--from is later than --to"},
      {{"usage", "--from", "2026-11-02", "--since", "7d"}, "--since and --from exclude each other"},
  };
  for (const auto& [words, message] : rows) {
    const auto outcome = run(words);
    EXPECT_EQ(outcome.code, 3) << message;
    EXPECT_THAT(outcome.err, HasSubstr(message));
  }
}

TEST(Bar, FillsItsShare) {
  const std::tuple<double, bool, const char*> rows[] = {
      {0.0, true, ""},     {1.0, true, "████"},  {0.5, true, "██"},  {0.53, true, "██▏"}, {0.0001, true, "▏"},
      {2.0, true, "████"}, {1.0, false, "####"}, {0.5, false, "##"}, {0.01, false, "#"},
  };
  for (const auto& [share, blocks, text] : rows) EXPECT_EQ(bar(share, 4, blocks), text) << share;
  EXPECT_EQ(bar(0.5, 0, true), "");
}

}  // namespace
}  // namespace hearth::cli
