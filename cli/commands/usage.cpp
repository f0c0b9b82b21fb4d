#include "cli/commands/usage.h"

#include "cli/chart.h"
#include "cli/views.h"
#include "domain/usage.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

namespace hearth::cli {
namespace {

using domain::Day;
using nlohmann::json;
using std::chrono::days;

constexpr days kDefault{7};

// What a row of the table adds up.
struct Sum {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t cold_starts = 0;
  double busy = 0;  // GB-seconds, as what follows
  double initializing = 0;
  double kept = 0;  // idle and frozen: the operator's own

  void add(const json& item) {
    const auto number = [](const json& document, const char* key) {
      const auto& value = child_at(document, key);
      return value.is_number() ? value.get<double>() : 0.0;
    };
    const auto& kept_by = child_at(item, "operator");
    calls += number_at(item, "calls");
    errors += number_at(child_at(item, "errors"), "total");
    cold_starts += number_at(item, "cold_starts");
    busy += number(item, "gb_seconds");
    initializing += number(item, "initializing_gb_seconds");
    kept += number(kept_by, "idle_gb_seconds") + number(kept_by, "frozen_gb_seconds");
  }
  void add(const Sum& more) {
    calls += more.calls;
    errors += more.errors;
    cold_starts += more.cold_starts;
    busy += more.busy;
    initializing += more.initializing;
    kept += more.kept;
  }
};
using Sums = std::map<std::string, Sum>;

domain::Error wrong(std::string message, std::string hint = {}) {
  return {domain::Code::invalid, domain::Layer::client, std::move(message), std::move(hint)};
}

Day day_from(const std::string& option, const std::string& text) {
  if (const auto day = domain::parse_day(text)) return *day;
  throw wrong(option + " is " + text + ", which is no day", "days are written as 2026-11-25, and are those of UTC");
}

days count_from(const std::string& since) {
  int count = 0;
  const auto* end = since.data() + since.size() - 1;
  const auto read = std::from_chars(since.data(), end, count);
  if (since.ends_with('d') && read.ec == std::errc{} && read.ptr == end && count >= 1 && count <= 10'000) {
    return days{count};
  }
  throw wrong("--since is " + since + ", and must be a number of days", "7d is today and the six days before it");
}

struct Range {
  Day from;
  Day to;
};

Range range_of(const UsageOptions& options, Day today) {
  if (!options.since.empty() && !options.from.empty()) throw wrong("--since and --from exclude each other");
  Range range{.from = {}, .to = options.to.empty() ? today : day_from("--to", options.to)};
  const auto count = options.since.empty() ? kDefault : count_from(options.since);
  range.from = options.from.empty() ? range.to - count + days{1} : day_from("--from", options.from);
  if (range.from > range.to) throw wrong("--from is later than --to");
  return range;
}

json fetch(Client& client, const std::string& space, const std::string& function, const Range& range) {
  auto target = "/v1/namespaces/" + space + "/usage?from=" + domain::format_day(range.from) +
                "&to=" + domain::format_day(range.to) + "&limit=1000";
  if (!function.empty()) target += "&function=" + function;
  auto items = json::array();
  for (std::string after;;) {
    const auto page = client.get(target + (after.empty() ? "" : "&after=" + net::url_encode(after)));
    for (const auto& item : child_at(page, "items")) items.push_back(item);
    after = text_at(page, "next");
    if (after.empty()) return items;
  }
}

Sums summed(const json& items, const std::string& by, const Range& range) {
  Sums sums;
  for (const auto& item : items) sums[text_at(item, by.c_str())].add(item);
  if (by != "day" || sums.empty()) return sums;
  // A day without calls is told, too, once there was one with.
  const auto first = domain::parse_day(sums.begin()->first).value_or(range.to);
  for (auto day = first; day <= range.to; day += days{1}) sums.try_emplace(domain::format_day(day));
  return sums;
}

std::string gb_seconds(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 100 ? "%.3f" : "%.1f", value);
  return text.data();
}

Row row_of(const std::string& name, const Sum& sum) {
  return {name,
          std::to_string(sum.calls),
          std::to_string(sum.errors),
          std::to_string(sum.cold_starts),
          gb_seconds(sum.busy),
          gb_seconds(sum.initializing),
          gb_seconds(sum.kept)};
}

// The bars stand behind what the table takes, as wide as is left of the terminal.
void add_bars(const Terminal& terminal, std::vector<Row>& rows, const std::vector<Sum>& sums) {
  constexpr std::size_t kLeast = 8;
  constexpr std::size_t kMost = 40;
  std::size_t taken = 0;
  std::istringstream lines(table(rows));
  for (std::string line; std::getline(lines, line);) taken = std::max(taken, line.size() + 2);
  if (terminal.columns() < taken + kLeast) return;
  const auto width = std::min(terminal.columns() - taken, kMost);
  const auto most = std::ranges::max(sums, {}, &Sum::busy).busy;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const auto share = most > 0 ? sums[i].busy / most : 0;
    rows[i + 1].push_back(terminal.paint(Style::cyan, bar(share, width, terminal.utf8())));
  }
}

std::string picture(const Terminal& terminal, const Sums& by_name, const std::string& by) {
  std::vector<std::pair<std::string, Sum>> order(by_name.begin(), by_name.end());
  if (by == "function") {
    std::ranges::stable_sort(order, std::ranges::greater{}, [](const auto& entry) { return entry.second.busy; });
  }
  std::vector<Row> rows{
      {by == "day" ? "DAY" : "FUNCTION", "CALLS", "ERRORS", "COLD STARTS", "GB-SECONDS", "STARTING", "KEPT WARM"}};
  std::vector<Sum> sums;
  Sum all;
  for (const auto& [name, sum] : order) {
    rows.push_back(row_of(name, sum));
    sums.push_back(sum);
    all.add(sum);
  }
  if (sums.size() > 1) rows.push_back(row_of("total", all));
  add_bars(terminal, rows, sums);
  return table(rows);
}

}  // namespace

int usage(const Context& context, const UsageOptions& options) {
  domain::FunctionName function{.space = context.space, .name = {}};
  if (!options.name.empty()) function = parse_function(options.name, context.space);
  const auto today = std::chrono::floor<days>(std::chrono::system_clock::now());
  const auto range = range_of(options, today);
  auto client = context.client();
  const auto items = fetch(client, function.space, function.name, range);
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    terminal.show({{"items", items}});
  } else if (items.empty()) {
    terminal.note("nothing was used from " + domain::format_day(range.from) + " to " + domain::format_day(range.to));
  } else {
    terminal.print(picture(terminal, summed(items, options.by, range), options.by));
  }
  return 0;
}

Verb usage_verb() {
  const auto options = std::make_shared<UsageOptions>();
  auto name = function_word(options->name);
  name.help = "only of this function, NAME or NAMESPACE.NAME";
  name.required = false;
  return {
      .name = "usage",
      .summary = "Show what functions' calls came to and what they cost",
      .examples = "fn usage\nfn usage hello --since 30d\nfn usage --from 2026-11-01 --to 2026-11-30 --by function",
      .options =
          {name,
           {.names = "--since", .target = &options->since, .help = "so many days up to --to (7d)", .value = "DAYS"},
           {.names = "--from", .target = &options->from, .help = "the first day, in UTC", .value = "DAY"},
           {.names = "--to", .target = &options->to, .help = "the last day, in UTC (today)", .value = "DAY"},
           {.names = "--by",
            .target = &options->by,
            .help = "a row for each",
            .value = "WHAT",
            .choices = {"day", "function"}}},
      .run = [options](const Context& context) { return usage(context, *options); },
      .notes =
          "GB-SECONDS is memory limit x time that replicas worked on calls, STARTING the same until they listened,\n"
          "KEPT WARM while they waited for calls. A day is one of UTC. Bars show GB-SECONDS.\n"};
}

}  // namespace hearth::cli
