#include "sim/azure_trace.h"
#include "sim/made_trace.h"
#include "sim/plot.h"

#include "fakes/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>

namespace hearth::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::vector<Call> all_of(const Trace& trace, std::uint32_t function) {
  const auto pass = trace.calls();
  std::vector<Call> calls;
  while (const auto call = pass->next(function)) {
    if (call->at.time_since_epoch() >= trace.length()) break;
    calls.push_back(*call);
  }
  return calls;
}

class Files : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::string& text) {
    auto path = folder_.path() / name;
    std::ofstream(path) << text;
    return path;
  }
  std::string refusal(const std::string& text) {
    try {
      read_azure_trace({file("t.csv", text)});
    } catch (const std::exception& wrong) {
      return wrong.what();
    }
    return "";
  }

 private:
  tests::TemporaryFolder folder_;
};

TEST_F(Files, Of2021HaveARowACall) {
  const auto trace = read_azure_trace({file("t.csv",
                                            "app,func,end_timestamp,duration\n"
                                            "a,f,20.5,0.5\n"
                                            "a,g,15,5\n"
                                            "a,f,12,1\r\n")});
  ASSERT_EQ(trace->functions().size(), 2u);
  EXPECT_EQ(trace->length(), 11500ms);  // from 10 s, when g began, to f's end and a second
  const auto f = all_of(*trace, 0);
  ASSERT_EQ(f.size(), 2u);
  EXPECT_EQ(f[0].at.time_since_epoch(), 1s);
  EXPECT_EQ(f[0].took, 1s);
  EXPECT_EQ(f[1].at.time_since_epoch(), 10s);
  EXPECT_EQ(all_of(*trace, 1).at(0).took, 5s);
}

std::string minutes(const std::string& head, const std::vector<std::pair<int, int>>& calls) {
  std::string row = head;
  for (int minute = 1; minute <= 1440; ++minute) {
    const auto found = std::ranges::find(calls, minute, &std::pair<int, int>::first);
    row += "," + std::to_string(head.starts_with("Hash") ? minute : found == calls.end() ? 0 : found->second);
  }
  return row + "\n";
}
const std::string kHead = minutes("HashOwner,HashApp,HashFunction,Trigger", {});

TEST_F(Files, Of2019HaveAColumnAMinuteAndTheirRunTimesAndMemoryBeside) {
  file("function_durations_percentiles.anon.d01.csv",
       "HashOwner,HashApp,HashFunction,Average,Count\no,a,f,2500,7\no,a,unknown,1,1\n");
  file("app_memory_percentiles.anon.d01.csv", "HashOwner,HashApp,SampleCount,AverageAllocatedMb\no,a,5,300\n");
  const auto first = file("invocations_per_function_md.anon.d01.csv",
                          kHead + minutes("o,a,f,http", {{1, 2}, {1440, 1}}) + minutes("o,b,f,timer", {{3, 1}}));
  const auto second = file("invocations_per_function_md.anon.d02.csv", kHead + minutes("o,a,f,http", {{1, 1}}));
  const auto trace = read_azure_trace({first, second});
  EXPECT_EQ(trace->length(), 48h);
  ASSERT_EQ(trace->functions().size(), 2u);
  EXPECT_EQ(trace->functions()[0], domain::mebibytes(300));
  EXPECT_EQ(trace->functions()[1], domain::mebibytes(170));
  const auto f = all_of(*trace, 0);
  ASSERT_EQ(f.size(), 4u);
  EXPECT_LE(f[0].at.time_since_epoch(), 30s);
  EXPECT_GE(f[1].at.time_since_epoch(), 30s);
  EXPECT_EQ(f[2].at.time_since_epoch() / 1min, 1439);
  EXPECT_EQ(f[3].at.time_since_epoch() / 1min, 1440);
  EXPECT_EQ(f[0].took, 2500ms);
  EXPECT_EQ(all_of(*trace, 1).at(0).at.time_since_epoch() / 1min, 2);
}

TEST_F(Files, ThatAreWrongAreRefusedByLine) {
  EXPECT_THAT(refusal("name,calls\n"), HasSubstr("t.csv: its header is neither"));
  EXPECT_THAT(refusal("app,func,end_timestamp,duration\n"), HasSubstr("there are no calls"));
  EXPECT_THAT(refusal("app,func,end_timestamp,duration\na,f,1,1\na,f,1\n"), HasSubstr("t.csv:3: there are not 4"));
  EXPECT_THAT(refusal("app,func,end_timestamp,duration\na,f,x,1\n"), HasSubstr("t.csv:2: 'x' is not a number"));
  EXPECT_THAT(refusal("app,func,end_timestamp,duration\na,f,nan,1\n"), HasSubstr("'nan' is not a number"));
  EXPECT_THAT(refusal("app,func,end_timestamp,duration\na,f,1,-1\n"), HasSubstr("'-1' is not a number"));
  EXPECT_THAT(refusal(kHead + "o,a,f,http,1\n"), HasSubstr("t.csv:2: there are not 1444"));
  EXPECT_THROW(read_azure_trace({"/nowhere/at/all.csv"}), std::runtime_error);
  EXPECT_THROW(read_azure_trace({file("a.csv", "app,func,end_timestamp,duration\na,f,1,1\n"),
                                 file("b.csv", kHead + minutes("o,a,f,http", {{1, 1}}))}),
               std::runtime_error);
}

double share(std::vector<double> values, double below) {
  return static_cast<double>(std::ranges::count_if(values, [&](double value) { return value <= below; })) /
         static_cast<double>(values.size());
}

// What was published: 45 % of the applications are called at most hourly and 81 % at most each minute, on average;
// memory by Burr's distribution, of which half lies below 170 MB and nine tenths below 400.
TEST(MadeTrace, IsAsWasPublished) {
  const auto trace = make_trace({.functions = 3'000, .length = 24h, .hottest = 20s});
  const auto pass = trace->calls();
  std::vector<double> counts;
  std::vector<double> mebibytes;
  for (std::uint32_t function = 0; function < 3'000; ++function) {
    double count = 0;
    while (const auto call = pass->next(function)) {
      if (call->at.time_since_epoch() >= 24h) break;
      ++count;
    }
    counts.push_back(count);
    mebibytes.push_back(static_cast<double>(trace->functions()[function].count >> 20));
  }
  EXPECT_NEAR(share(counts, 24), 0.45, 0.05);
  EXPECT_NEAR(share(counts, 1'440), 0.81, 0.05);
  EXPECT_NEAR(share(mebibytes, 140), 0.5, 0.1);
  EXPECT_NEAR(share(mebibytes, 400), 0.9, 0.1);
}

TEST(ZipfTrace, CallsTheFirstTwiceAsOftenAsTheSecond) {
  const auto trace = make_zipf_trace({.functions = 20, .calls_per_second = 100, .length = 10min});
  const auto first = static_cast<double>(all_of(*trace, 0).size());
  EXPECT_NEAR(first / static_cast<double>(all_of(*trace, 1).size()), 2, 0.1);
  EXPECT_NEAR(first / static_cast<double>(all_of(*trace, 9).size()), 10, 1);
}

TEST(Plot, DrawsWhatItIsGiven) {
  const auto svg = svg_of({.title = "a < b",
                           .x_axis = "x",
                           .y_axis = "y",
                           .series = {{"one", "#123456", {{1, 2, "here"}, {10, 4}}}, {"empty", "#654321", {}}}});
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr(">here<"));
  EXPECT_THAT(svg, HasSubstr("<polyline points=\""));
  EXPECT_THAT(svg, testing::Not(HasSubstr("nan")));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
}

}  // namespace
}  // namespace hearth::sim
