#include "api/codec.h"
#include "api/handlers.h"
#include "api/reply.h"
#include "api/resources.h"
#include "telemetry/metrics.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace hearth::api {
namespace {

using domain::Code;
using domain::Ending;
using domain::Layer;
using nlohmann::json;

std::string_view text_of(const Request& request, std::string_view key) {
  const auto found = request.query.find(key);
  return found == request.query.end() ? std::string_view{} : std::string_view{found->second};
}

std::optional<domain::Day> day_of(const Request& request, std::string_view key) {
  if (!request.query.contains(std::string(key))) return std::nullopt;
  const auto text = text_of(request, key);
  if (const auto day = domain::parse_day(text)) return day;
  throw domain::Error(
      Code::invalid, Layer::client,
      "the parameter " + std::string(key) + " is " + (text.empty() ? "empty" : std::string(text)) + ", which is no day",
      "days are written as 2026-11-25, and are those of UTC");
}

// "20782/hello": days since 1970, so that a pattern says which texts are cursors.
std::string cursor_of(const domain::DayUsage& row) {
  return std::to_string(row.day.time_since_epoch().count()) + "/" + row.function.name;
}

std::optional<std::pair<domain::Day, std::string>> after_of(const Request& request) {
  constexpr std::size_t kMostDigits = 6;
  if (!request.query.contains("after")) return std::nullopt;
  const auto text = text_of(request, "after");
  const auto slash = std::min(text.find('/'), text.size());
  int days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + slash, days);
  const bool is_day = error == std::errc{} && end == text.data() + slash && slash <= kMostDigits && days >= 0;
  const auto name = text.substr(std::min(slash + 1, text.size()));
  if (is_day && domain::is_valid_name(name)) return std::pair{domain::Day{std::chrono::days{days}}, std::string(name)};
  throw domain::Error(Code::invalid, Layer::client, "the parameter after is not the `next` of a page of usage");
}

json usage_json(const domain::DayUsage& row) {
  const auto& usage = row.usage;
  return {
      {"day", domain::format_day(row.day)},
      {"namespace", row.function.space},
      {"function", row.function.name},
      {"calls", usage.all_calls()},
      {"errors",
       {{"total", usage.errors()},
        {"failed", usage.of(Ending::failed)},
        {"died", usage.of(Ending::died)},
        {"timed_out", usage.of(Ending::timed_out)},
        {"refused",
         {{"limit", usage.of(Ending::refused_by_limit)},
          {"gateway", usage.of(Ending::refused_by_gateway)},
          {"engine", usage.of(Ending::refused_by_engine)},
          {"function", usage.of(Ending::refused_by_function)}}}}},
      {"client_errors",
       {{"rejected", usage.of(Ending::rejected)},
        {"left", usage.of(Ending::left)},
        {"bad_request", usage.of(Ending::bad_request)}}},
      {"cold_starts", usage.cold_starts},
      {"failed_starts", usage.failed_starts},
      {"gb_seconds", usage.busy.gb_seconds()},
      {"initializing_gb_seconds", usage.initializing.gb_seconds()},
      {"operator", {{"idle_gb_seconds", usage.idle.gb_seconds()}, {"frozen_gb_seconds", usage.frozen.gb_seconds()}}}};
}

}  // namespace

Response list_usage(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {"from", "to", "function", "after", "limit"});
  control::Metering::Query query{.space = space_of(parameters),
                                 .function = name_given(request, "function"),
                                 .from = day_of(request, "from"),
                                 .to = day_of(request, "to"),
                                 .after = after_of(request)};
  if (query.from && query.to && *query.from > *query.to) {
    throw domain::Error(Code::unprocessable, Layer::client, "the parameter from is later than to");
  }
  const auto limit = limit_of(request, 100, 1000);
  query.limit = limit + 1;
  auto rows = parts.metering.usage(query);
  std::string next;
  if (rows.size() > limit) {
    rows.resize(limit);
    next = cursor_of(rows.back());
  }
  std::vector<std::string> items;
  for (const auto& row : rows) items.push_back(usage_json(row).dump());
  return json_reply(200, list_text(items, next));
}

Response get_metrics(const Parts& parts, const Request& request, const Parameters&) {
  refuse_other_parameters(request, {});
  const auto builds = parts.service.build_times();
  const auto engine = parts.info.engine();
  auto calls = parts.calls.stats();
  const telemetry::Snapshot snapshot{
      .version = parts.info.version,
      .functions = parts.metering.stats(),
      .built = builds.ready,
      .failed_builds = builds.failed,
      .engine_reachable = engine.reachable,
      .cells = engine.cells,
      .parked_networks = engine.parked_networks,
      .failed_usage_writes = parts.metering.failed_writes(),
      .now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()),
      .durable_calls = std::move(calls.functions),
      .call_store_commits = calls.writes.commits,
      .call_store_changes = calls.writes.changes,
      .process = telemetry::process_facts()};
  return {.status = 200,
          .headers = {{"Content-Type", std::string(telemetry::kMetricsType)}},
          .body = telemetry::metrics_text(snapshot)};
}

}  // namespace hearth::api
