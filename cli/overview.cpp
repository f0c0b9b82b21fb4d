#include "cli/overview.h"

#include "cli/views.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

// What a function's replicas do, added up.
struct Work {
  std::map<std::string, int> phases;
  std::uint64_t in_flight = 0;
};

Work work_of(const json& function) {
  Work work;
  for (const auto& replica : child_at(child_at(function, "status"), "replicas")) {
    ++work.phases[text_at(replica, "phase")];
    work.in_flight += number_at(replica, "in_flight");
  }
  return work;
}

std::string phases_text(const Work& work) {
  std::string text;
  for (const auto& [phase, count] : work.phases) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + phase;
  }
  return text.empty() ? "-" : text;
}

std::string state_of(const json& function) {
  const auto now = text_at(child_at(function, "status"), "state");
  return now.empty() ? text_at(function, "state") : now;
}

std::size_t rank(const json& function) {
  constexpr std::array<std::string_view, 5> kOrder{"error", "executing", "initializing", "warm", "cold"};
  return static_cast<std::size_t>(std::ranges::find(kOrder, state_of(function)) - kOrder.begin());
}

std::string failure_of(const json& function) {
  const auto fault = fault_at(child_at(function, "status"), "last_failure");
  const auto& known = fault ? fault : fault_at(function, "last_failure");
  return known ? known->message.substr(0, known->message.find('\n')) : "";
}

}  // namespace

std::vector<json> look_at_all(Client& client, const std::string& space) {
  auto functions = list_functions(client, space);
  for (auto& function : functions) {
    if (text_at(function, "state") == "cold") continue;  // nothing more is to be told of it
    try {
      function["status"] =
          client.get("/v1/namespaces/" + space + "/functions/" + text_at(function, "name") + "/status");
    } catch (const domain::Error& error) {
      if (error.fault().code != domain::Code::not_found) throw;  // deleted since it was listed
    }
  }
  sort_by_life(functions);
  return functions;
}

void sort_by_life(std::vector<json>& functions) {
  std::ranges::stable_sort(functions, {}, [](const json& one) { return std::pair(rank(one), text_at(one, "name")); });
}

Rates::Look totals_of_all(const std::vector<json>& functions) {
  Rates::Look look;
  for (const auto& function : functions) look[text_at(function, "name")] = totals_of(function);
  return look;
}

std::string overview_table(const Terminal& terminal, const std::vector<json>& functions, const Rates& rates) {
  std::vector<Row> rows{
      {"NAME", "STATE", "REPLICAS", "IN FLIGHT", "HELD", "CALLS/S", "ERRORS/S", "COLD/S", "LAST FAILURE"}};
  for (const auto& function : functions) {
    const auto work = work_of(function);
    const auto name = text_at(function, "name");
    const auto rate = rates.of(name);
    rows.push_back({name, painted_state(terminal, state_of(function)), phases_text(work),
                    std::to_string(work.in_flight), std::to_string(number_at(child_at(function, "status"), "held")),
                    rate_text(rate, &Rate::calls), rate_text(rate, &Rate::errors), rate_text(rate, &Rate::cold_starts),
                    terminal.paint(Style::red, without_controls(failure_of(function)))});
  }
  return functions.empty() ? "no functions\n" : table(rows);
}

std::string overview_line(const json& function) {
  const auto work = work_of(function);
  auto text = text_at(function, "name") + " " + state_of(function);
  if (!work.phases.empty()) text += " (" + phases_text(work) + ")";
  if (work.in_flight > 0) text += " in_flight=" + std::to_string(work.in_flight);
  const auto held = number_at(child_at(function, "status"), "held");
  if (held > 0) text += " held=" + std::to_string(held);
  if (const auto failure = failure_of(function); !failure.empty()) text += " failure: " + without_controls(failure);
  return text;
}

}  // namespace hearth::cli
