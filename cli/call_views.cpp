#include "cli/call_views.h"

#include "cli/table.h"
#include "cli/views.h"

#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

// "2026-01-31 13:05:09" of "2026-01-31T13:05:09.250Z".
std::string moment(const std::string& time) {
  return time.size() < 19 ? time : time.substr(0, 10) + " " + time.substr(11, 8);
}

std::string painted(const Terminal& terminal, const std::string& state) {
  if (state == "queued") return terminal.paint(Style::yellow, state);
  if (state == "dead") return terminal.paint(Style::red, state);
  if (state == "cancelled") return terminal.paint(Style::dim, state);
  return terminal.paint(Style::green, state);
}

// What is next, or what came of it.
std::string outlook(const json& call) {
  const auto reason = text_at(call, "reason");
  const auto status = number_at(call, "status");
  if (text_at(call, "state") != "queued") {
    return reason.empty() && status != 0 ? "answered " + std::to_string(status) : reason;
  }
  const auto started = text_at(call, "started");
  const auto next = started.empty() ? "due " + clock_of(text_at(call, "due")) : "runs since " + clock_of(started);
  return reason.empty() ? next : next + ", after: " + reason;
}

std::string size_text(const json& message) { return std::to_string(number_at(message, "size")) + " bytes"; }

std::string header_rows(const Terminal& terminal, const json& message) {
  std::vector<Row> rows;
  for (const auto& header : child_at(message, "headers")) {
    const bool hidden = child_at(header, "hidden") == json(true);
    rows.push_back({"  " + terminal.tame(text_at(header, "name")),
                    hidden ? terminal.paint(Style::dim, "(hidden)") : terminal.tame(text_at(header, "value"))});
  }
  return table(rows);
}

std::string failure_table(const Terminal& terminal, const json& failures) {
  if (!failures.is_array() || failures.empty()) return {};
  std::vector<Row> rows{{"ATTEMPT", "STARTED (UTC)", "ENDED", "STATUS", "WHY IT FAILED"}};
  for (const auto& failure : failures) {
    const auto status = number_at(failure, "status");
    rows.push_back({std::to_string(number_at(failure, "number")), moment(text_at(failure, "started")),
                    clock_of(text_at(failure, "ended")), status == 0 ? "-" : std::to_string(status),
                    terminal.tame(text_at(failure, "reason"))});
  }
  return "\n" + table(rows);
}

}  // namespace

std::string call_table(const Terminal& terminal, const json& calls) {
  std::vector<Row> rows{{"CALL", "FUNCTION", "STATE", "ATTEMPTS", "ACCEPTED (UTC)", "TRIGGER", "OUTLOOK"}};
  for (const auto& call : calls) {
    rows.push_back({text_at(call, "id"), text_at(call, "function"), painted(terminal, text_at(call, "state")),
                    std::to_string(number_at(call, "attempts")), moment(text_at(call, "accepted")),
                    terminal.tame(text_at(call, "trigger")), terminal.tame(outlook(call))});
  }
  return table(rows);
}

std::string call_sheet(const Terminal& terminal, const json& call) {
  const auto& request = child_at(call, "request");
  const auto& answer = child_at(call, "answer");
  std::vector<Row> rows{{"call", terminal.paint(Style::bold, text_at(call, "id"))},
                        {"function", text_at(call, "function")},
                        {"namespace", text_at(call, "namespace")},
                        {"state", painted(terminal, text_at(call, "state"))},
                        {"attempts", std::to_string(number_at(call, "attempts"))},
                        {"trigger", terminal.tame(text_at(call, "trigger"))},
                        {"accepted", moment(text_at(call, "accepted"))}};
  for (const char* time : {"due", "started", "finished"}) {
    if (const auto text = text_at(call, time); !text.empty()) rows.push_back({time, moment(text)});
  }
  if (const auto reason = text_at(call, "reason"); !reason.empty()) rows.push_back({"reason", terminal.tame(reason)});
  rows.push_back({"request", terminal.tame(text_at(request, "method") + " " + text_at(request, "target")) + ", " +
                                 size_text(request)});
  auto text = table(rows) + header_rows(terminal, request);
  if (answer.is_object()) {
    text += table({{"answer", std::to_string(number_at(answer, "status")) + ", " + size_text(answer)}}) +
            header_rows(terminal, answer);
  }
  return text + failure_table(terminal, child_at(call, "failures"));
}

}  // namespace hearth::cli
