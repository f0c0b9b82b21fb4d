// Usage and metrics as the API tells them.
#include "api/routes.h"

#include "control/usage_records.h"
#include "parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::api {
namespace {

using nlohmann::json;
using std::chrono::days;
using testing::HasSubstr;

const std::string kUsage = "/v1/namespaces/default/usage";

class UsageApi : public testing::Test {
 protected:
  Response ask(const std::string& target) {
    Request request{.method = "GET", .path = {}};
    read_target(target, request);
    return route(routes_, parts_, request);
  }
  json items(const std::string& query) { return json::parse(ask(kUsage + query).body)["items"]; }
  void used(int days_ago, const std::string& name, domain::Usage usage) {
    const auto today = domain::day_of(hearth_.clock.wall_now());
    control::UsageRecords{hearth_.store}.add({{{today - days{days_ago}, {.name = name}}, usage}});
  }
  std::string day(int days_ago) const {
    return domain::format_day(domain::day_of(hearth_.clock.wall_now()) - days{days_ago});
  }

  WholeHearth hearth_;
  const Routes routes_ = make_routes();
  const Parts parts_ = hearth_.parts();
};

domain::Usage some_usage() {
  domain::Usage usage;
  for (std::size_t i = 0; i < domain::kEndings; ++i) usage.calls[i] = i + 1;
  usage.cold_starts = 3;
  usage.busy = {1024ull * 1024 * 1500};
  usage.idle = {1024ull * 1024 * 4000};
  return usage;
}

TEST_F(UsageApi, ShowsADayAsTheDescriptionSays) {
  used(0, "hello", some_usage());
  const auto rows = items("");
  ASSERT_EQ(rows.size(), 1u);
  const auto& row = rows[0];
  EXPECT_EQ(row["day"], day(0));
  EXPECT_EQ(row["function"], "hello");
  EXPECT_EQ(row["calls"], 78);
  EXPECT_EQ(row["errors"]["total"], 4 + 5 + 6 + 9 + 10 + 11 + 12);
  EXPECT_EQ(row["errors"]["refused"]["limit"], 9);
  EXPECT_EQ(row["client_errors"]["rejected"], 3);
  EXPECT_EQ(row["cold_starts"], 3);
  EXPECT_EQ(row["gb_seconds"], 1.5);
  EXPECT_EQ(row["operator"]["idle_gb_seconds"], 4.0);
  const auto schema = json::parse(ask("/openapi.json").body)["components"]["schemas"]["Usage"];
  for (const std::string key : schema["required"]) EXPECT_TRUE(row.contains(key)) << key;
  for (const auto& [key, value] : row.items()) EXPECT_TRUE(schema["properties"].contains(key)) << key;
}

TEST_F(UsageApi, GoesByDaysAndPages) {
  for (int ago = 0; ago < 40; ++ago) used(ago, "a", some_usage());
  used(1, "b", some_usage());
  EXPECT_EQ(items("").size(), 31u) << "30 days, one of them with two functions";
  EXPECT_EQ(items("?from=" + day(1) + "&to=" + day(1)).size(), 2u);
  EXPECT_EQ(items("?function=b").size(), 1u);
  EXPECT_EQ(items("?from=" + day(500)).size(), 41u);
  const auto first = json::parse(ask(kUsage + "?from=" + day(1) + "&limit=1").body);
  const std::string next = first["next"];
  EXPECT_THAT(next, testing::MatchesRegex("[0-9]+/a"));
  const auto second = json::parse(ask(kUsage + "?limit=1&after=" + next).body);
  EXPECT_EQ(second["items"][0]["function"], "b");
  EXPECT_EQ(json::parse(ask("/v1/namespaces/other/usage").body)["items"].size(), 0u);
}

TEST_F(UsageApi, RefusesWhatIsNoDayAndNoCursor) {
  const std::pair<const char*, const char*> rows[] = {
      {"?from=yesterday", "the parameter from is yesterday, which is no day"},
      {"?to=2026-02-30", "the parameter to is 2026-02-30, which is no day"},
      {"?from=2026-02-02&to=2026-02-01", "the parameter from is later than to"},
      {"?after=hello", "the parameter after is not the `next` of a page of usage"},
      {"?after=20782", "the parameter after is not the `next` of a page of usage"},
      {"?after=20782/", "the parameter after is not the `next` of a page of usage"},
      {"?after=-1/a", "the parameter after is not the `next` of a page of usage"},
      {"?after=9999999/a", "the parameter after is not the `next` of a page of usage"},
      {"?after=", "the parameter after is not the `next` of a page of usage"},
      {"?function=No", "the parameter function is No, which is no function's name"},
      {"?limit=0", "limit must be at least 1"},
      {"?since=7d", "since"},
  };
  for (const auto& [query, message] : rows) {
    const auto response = ask(kUsage + query);
    EXPECT_EQ(response.status, std::string(query).find("&to=") == std::string::npos ? 400 : 422) << query;
    EXPECT_THAT(std::string(json::parse(response.body)["detail"]), HasSubstr(message)) << query;
  }
}

TEST_F(UsageApi, ServesMetrics) {
  const auto response = ask("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.headers, testing::ElementsAre(testing::Pair("Content-Type", HasSubstr("version=0.0.4"))));
  EXPECT_THAT(response.body, HasSubstr("hearth_build_info{version=\"0.1.0\"} 1"));
  EXPECT_THAT(response.body, HasSubstr("hearth_engine_reachable 1"));
  EXPECT_THAT(response.body, HasSubstr("hearth_parked_networks 3"));
}

}  // namespace
}  // namespace hearth::api
