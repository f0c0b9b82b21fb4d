#include "store/call_schema.h"

namespace hearth::store {
namespace {

std::optional<domain::WallTime> maybe_time(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return time_of(row.number(column));
}

}  // namespace

std::string text_of(const domain::FunctionName& function) { return function.space + "." + function.name; }

domain::FunctionName function_of(const std::string& text) {
  const auto dot = text.find('.');
  return {.space = text.substr(0, dot), .name = dot == text.npos ? std::string{} : text.substr(dot + 1)};
}

ports::CallSummary summary_of(const Statement& row) {
  return {.id = row.text(0),
          .function = function_of(row.text(1)),
          .trigger = row.text(2),
          .state = static_cast<domain::CallState>(row.number(3)),
          .attempts = static_cast<std::uint32_t>(row.number(4)),
          .misses = static_cast<std::uint32_t>(row.number(5)),
          .accepted = time_of(row.number(6)),
          .due = time_of(row.number(7)),
          .started = maybe_time(row, 8),
          .finished = maybe_time(row, 9),
          .status = static_cast<int>(row.number(10)),
          .reason = row.text(11)};
}

}  // namespace hearth::store
