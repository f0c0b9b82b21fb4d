#include "cli/commands/get.h"

#include "cli/views.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

// "memory 256Mi, cpu 1, …": a section's keys in one line.
std::string section_line(const json& section) {
  std::string line;
  for (const auto& [key, value] : section.items()) {
    if (value.empty() && value.is_structured()) continue;
    line += (line.empty() ? "" : ", ") + key + " " + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return line;
}

// "kept for 1m (learned), there again from 12:54:00 to 13:07:00 (UTC)"
std::string idle_line(const json& idle) {
  const auto keep = text_at(idle, "keep");
  if (keep.empty()) return {};
  const auto& again = child_at(idle, "again");
  auto line = "kept for " + keep + " (" + text_at(idle, "why") + ")";
  if (again.is_object()) {
    line +=
        ", there again from " + clock_of(text_at(again, "from")) + " to " + clock_of(text_at(again, "to")) + " (UTC)";
  }
  return line;
}

std::string revision_lines(const Terminal& terminal, const json& revisions, std::uint64_t active) {
  auto text = revision_table(terminal, revisions, active);
  if (revisions.is_array() && !revisions.empty()) {
    text += fault_lines(terminal, fault_at(revisions.front(), "fault"));
  }
  return text;
}

}  // namespace

int get(const Context& context, const std::string& name) {
  auto client = context.client();
  const auto target = path_of(parse_function(name, context.space));
  auto function = client.get(target);
  const auto revisions = client.get(target + "/revisions");
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    function["revisions"] = child_at(revisions, "items");
    terminal.show(function);
    return 0;
  }
  const auto& spec = child_at(function, "spec");
  std::vector<Row> rows{{"name", terminal.paint(Style::bold, text_at(function, "name"))},
                        {"namespace", text_at(function, "namespace")},
                        {"state", painted_state(terminal, text_at(function, "state"))},
                        {"url", text_at(function, "url")},
                        {"from", terminal.tame(source_of(spec))}};
  for (const auto& route : route_lines(function)) rows.push_back({"route", terminal.tame(route)});
  const auto& start = child_at(function, "start");
  const auto why = text_at(start, "why");
  if (const auto by = text_at(start, "by"); !by.empty()) {
    rows.push_back({"starts by", terminal.tame(by + (why.empty() ? "" : ": " + why))});
  }
  if (const auto line = idle_line(child_at(function, "idle")); !line.empty()) rows.push_back({"idle", line});
  if (const auto handler = text_at(spec, "handler"); !handler.empty()) rows.push_back({"handler", handler});
  for (const char* section : {"env", "limits", "scale", "network"}) {
    const auto& values = child_at(spec, section);
    const auto line = values.is_object() ? section_line(values) : std::string();
    if (!line.empty()) rows.push_back({section, terminal.tame(line)});
  }
  terminal.print(table(rows) + fault_lines(terminal, fault_at(function, "last_failure")) + "\n" +
                 revision_lines(terminal, child_at(revisions, "items"), number_at(function, "active")));
  return 0;
}

Verb get_verb() {
  const auto name = std::make_shared<std::string>();
  return {.name = "get",
          .summary = "Show a function's settings, state and revisions",
          .examples = "fn get hello",
          .options = {function_word(*name)},
          .run = [name](const Context& context) { return get(context, *name); }};
}

}  // namespace hearth::cli
