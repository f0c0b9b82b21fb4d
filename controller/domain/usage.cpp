#include "domain/usage.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace hearth::domain {
namespace {

// Calls `each` with every number of the one and its twin of the other.
template <class To, class From, class Each>
void for_each_number(To& to, From& from, Each&& each) {
  for (std::size_t i = 0; i < kEndings; ++i) each(to.calls[i], from.calls[i]);
  each(to.cold_starts, from.cold_starts);
  each(to.failed_starts, from.failed_starts);
  each(to.busy.kib_ms, from.busy.kib_ms);
  each(to.initializing.kib_ms, from.initializing.kib_ms);
  each(to.idle.kib_ms, from.idle.kib_ms);
  each(to.frozen.kib_ms, from.frozen.kib_ms);
}

std::string padded(unsigned number, std::size_t width) {
  auto digits = std::to_string(number);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

std::optional<unsigned> parse_digits(std::string_view text) {
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::uint64_t Usage::all_calls() const { return std::accumulate(calls.begin(), calls.end(), std::uint64_t{0}); }

std::uint64_t Usage::errors() const {
  std::uint64_t errors = 0;
  for (std::size_t i = 0; i < kEndings; ++i) errors += is_error(static_cast<Ending>(i)) ? calls[i] : 0;
  return errors;
}

Usage& operator+=(Usage& usage, const Usage& more) {
  for_each_number(usage, more, [](std::uint64_t& to, std::uint64_t from) { to += from; });
  return usage;
}

Usage operator-(const Usage& usage, const Usage& before) {
  Usage left = usage;
  for_each_number(left, before, [](std::uint64_t& to, std::uint64_t from) { to -= from; });
  return left;
}

std::string format_day(Day day) {
  const std::chrono::year_month_day date{day};
  return padded(static_cast<unsigned>(static_cast<int>(date.year())), 4) + "-" +
         padded(static_cast<unsigned>(date.month()), 2) + "-" + padded(static_cast<unsigned>(date.day()), 2);
}

std::optional<Day> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_digits(text.substr(0, 4));
  const auto month = parse_digits(text.substr(5, 2));
  const auto day = parse_digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)}, std::chrono::month{*month},
                                         std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return Day{date};
}

}  // namespace hearth::domain
