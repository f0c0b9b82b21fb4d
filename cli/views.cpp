#include "cli/views.h"

#include "cli/problem.h"

#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

std::string phase_of(const json& replica) {
  auto phase = text_at(replica, "phase");
  if (phase.empty()) phase = text_at(replica, "state");
  if (child_at(replica, "stopping") == json(true)) return phase + ", stopping";
  if (child_at(replica, "draining") == json(true)) return phase + ", draining";
  return phase;
}

}  // namespace

const json& child_at(const json& document, const char* key) {
  static const json nothing;
  if (!document.is_object()) return nothing;
  const auto found = document.find(key);
  return found == document.end() ? nothing : *found;
}

std::string text_at(const json& document, const char* key) {
  const auto& value = child_at(document, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::uint64_t number_at(const json& document, const char* key) {
  const auto& value = child_at(document, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::string clock_of(const std::string& time) { return time.size() >= 19 ? time.substr(11, 8) : time; }

std::string painted_state(const Terminal& terminal, const std::string& state) {
  if (state == "cold") return terminal.paint(Style::dim, state);
  if (state == "initializing") return terminal.paint(Style::yellow, state);
  if (state == "error" || state == "failed") return terminal.paint(Style::red, state);
  if (state == "executing") return terminal.paint(Style::cyan, state);
  return terminal.paint(Style::green, state);
}

std::string source_of(const json& spec) {
  if (auto runtime = text_at(spec, "runtime"); !runtime.empty()) return runtime;
  if (const auto image = text_at(spec, "image"); !image.empty()) return "image " + image;
  return text_at(spec, "build");
}

std::vector<std::string> route_lines(const json& function) {
  std::vector<std::string> lines;
  for (const auto& route : child_at(function, "routes")) {
    std::string line;
    for (const auto& method : child_at(route, "methods")) {
      line.append(line.empty() ? "" : ", ").append(method.is_string() ? method.get<std::string>() : "");
    }
    lines.push_back(line.append(line.empty() ? "" : " ").append(text_at(route, "url")));
  }
  return lines;
}

std::optional<domain::Fault> fault_at(const json& document, const char* key) {
  const auto& problem = child_at(document, key);
  if (!problem.is_object()) return std::nullopt;
  const auto status = number_at(problem, "status");
  return read_problem(status == 0 ? 500 : static_cast<int>(status), problem.dump());
}

std::string fault_lines(const Terminal& terminal, const std::optional<domain::Fault>& fault) {
  if (!fault) return {};
  std::string text = "  " + terminal.paint(Style::red, "error:") + " " + without_controls(fault->message) + "\n";
  std::string_view rest = fault->detail;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    text += "    " + without_controls(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!fault->hint.empty()) text += "  " + terminal.paint(Style::cyan, "hint:") + " " + fault->hint + "\n";
  return text;
}

std::string replica_table(const Terminal& terminal, const json& replicas) {
  if (!replicas.is_array() || replicas.empty()) return "no replicas\n";
  std::vector<Row> rows{{"REPLICA", "REVISION", "STATE", "PHASE", "IN FLIGHT", "SINCE (UTC)"}};
  for (const auto& replica : replicas) {
    rows.push_back({text_at(replica, "id"), std::to_string(number_at(replica, "revision")),
                    painted_state(terminal, text_at(replica, "state")), phase_of(replica),
                    std::to_string(number_at(replica, "in_flight")), clock_of(text_at(replica, "since"))});
  }
  auto text = table(rows);
  for (const auto& replica : replicas) {
    const auto why = text_at(replica, "awake");
    if (!why.empty()) text += text_at(replica, "id") + " is not frozen while idle: " + without_controls(why) + "\n";
  }
  return text;
}

std::vector<json> list_functions(Client& client, const std::string& space) {
  std::vector<json> functions;
  const auto target = "/v1/namespaces/" + space + "/functions";
  for (std::string after;;) {
    const auto page = client.get(target + (after.empty() ? "" : "?after=" + net::url_encode(after)));
    for (const auto& function : child_at(page, "items")) functions.push_back(function);
    after = text_at(page, "next");
    if (after.empty()) return functions;
  }
}

std::string log_line(const Terminal& terminal, const json& event) {
  const auto text = text_at(event, "text");
  const auto head = text_at(event, "time") + " " + text_at(event, "replica").substr(0, 16);
  const bool ended = text.ends_with('\n');
  return terminal.paint(Style::dim, head) + " " + terminal.tame(text) + (ended ? "" : "\n");
}

std::string revision_table(const Terminal& terminal, const json& revisions, std::uint64_t active) {
  constexpr std::size_t kShortDigest = 19;  // "sha256:" and 12 digits
  std::vector<Row> rows{{"REVISION", "STATE", "CREATED", "PACKAGE", "IMAGE"}};
  for (const auto& revision : revisions) {
    const auto number = number_at(revision, "number");
    rows.push_back({std::to_string(number) + (number == active ? " (active)" : ""),
                    painted_state(terminal, text_at(revision, "state")), text_at(revision, "created_at"),
                    text_at(revision, "package").substr(0, kShortDigest),
                    text_at(revision, "image").substr(0, kShortDigest)});
  }
  return table(rows);
}

std::string shown(const json& document) { return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

}  // namespace hearth::cli
