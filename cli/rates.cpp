#include "cli/rates.h"

#include "cli/views.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

namespace hearth::cli {
namespace {

constexpr std::chrono::seconds kSpan{1};

double by_second(std::uint64_t now, std::uint64_t before, double seconds) {
  return static_cast<double>(now >= before ? now - before : now) / seconds;
}

}  // namespace

Totals totals_of(const nlohmann::json& document) {
  const auto& totals = child_at(document, "totals");
  return {.calls = number_at(totals, "calls"),
          .errors = number_at(totals, "errors"),
          .cold_starts = number_at(totals, "cold_starts")};
}

void Rates::add(Look look, Time now) {
  while (looks_.size() > 1 && now - looks_[1].when >= kSpan) looks_.pop_front();
  looks_.push_back({now, std::move(look)});
}

std::optional<Rate> Rates::of(const std::string& function) const {
  if (looks_.size() < 2) return std::nullopt;
  const auto& [then, before] = looks_.front();
  const auto& [now, after] = looks_.back();
  const auto first = before.find(function);
  const auto last = after.find(function);
  const double seconds = std::chrono::duration<double>(now - then).count();
  if (first == before.end() || last == after.end() || seconds <= 0) return std::nullopt;
  return Rate{.calls = by_second(last->second.calls, first->second.calls, seconds),
              .errors = by_second(last->second.errors, first->second.errors, seconds),
              .cold_starts = by_second(last->second.cold_starts, first->second.cold_starts, seconds)};
}

std::string rate_text(const std::optional<Rate>& rate, double Rate::*which) {
  if (!rate) return "-";
  const double value = *rate.*which;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value > 0 && value < 9.95 ? "%.1f" : "%.0f", value);
  return text.data();
}

}  // namespace hearth::cli
