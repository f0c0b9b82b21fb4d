#include "cli/commands/status.h"

#include "cli/views.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

std::string picture(const Terminal& terminal, const std::string& name, const json& status) {
  auto text = terminal.paint(Style::bold, name) + " is " + painted_state(terminal, text_at(status, "state"));
  if (const auto held = number_at(status, "held"); held > 0)
    text += ", " + std::to_string(held) + (held == 1 ? " call held" : " calls held");
  return text + "\n" + fault_lines(terminal, fault_at(status, "last_failure")) +
         replica_table(terminal, child_at(status, "replicas"));
}

// One line a change, for whoever reads no pictures.
std::string change_line(const json& status) {
  auto text = text_at(status, "state");
  for (const auto& replica : child_at(status, "replicas")) {
    text += " " + text_at(replica, "id") + "=" + text_at(replica, "phase");
    if (const auto calls = number_at(replica, "in_flight"); calls > 0) text += "(" + std::to_string(calls) + ")";
  }
  if (const auto held = number_at(status, "held"); held > 0) text += " held=" + std::to_string(held);
  return text;
}

// Each change until interrupted: hearthd answers when there is one.
[[noreturn]] void watch(const Context& context, Client& client, const std::string& name, const std::string& target) {
  constexpr std::chrono::seconds kWait{30};
  const auto& terminal = context.terminal;
  std::string drawn;
  std::string last;
  for (std::string seen;;) {
    const auto wait = seen.empty() ? "" : "?wait=" + std::to_string(kWait.count()) + "&seen=" + seen;
    const auto status = client.get(target + "/status" + wait, kWait * 2);
    seen = std::to_string(number_at(status, "seen"));
    if (terminal.redraws()) {
      const auto lines = std::ranges::count(drawn, '\n');
      const auto up = lines > 0 ? "\x1b[" + std::to_string(lines) + "A\x1b[J" : "";
      drawn = picture(terminal, name, status);
      terminal.print(up + "\x1b[?7l" + drawn + "\x1b[?7h");  // a line that is too long is cut: one line is one row
      continue;
    }
    const auto line = terminal.json() ? status.dump() : change_line(status);
    if (line != last) terminal.print(line + "\n");
    last = line;
  }
}

int platform(const Context& context) {
  const auto info = context.client().get("/v1/info");
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    terminal.print(shown(info));
    return 0;
  }
  std::vector<Row> rows;
  for (const auto& [key, value] : info.items()) {
    if (value.is_string()) {
      rows.push_back({key, terminal.tame(value.get<std::string>())});
      continue;
    }
    if (!value.is_object()) {
      rows.push_back({key, value.dump()});
      continue;
    }
    for (const auto& [inner, fact] : value.items()) {
      rows.push_back({key + " " + inner, fact.is_string() ? terminal.tame(fact.get<std::string>()) : fact.dump()});
    }
  }
  terminal.print(table(rows));
  return 0;
}

}  // namespace

int status(const Context& context, const StatusOptions& options) {
  if (options.name.empty() && options.watch) {
    throw domain::Error(domain::Code::invalid, domain::Layer::client, "--watch wants the name of a function");
  }
  if (options.name.empty()) return platform(context);
  const auto function = parse_function(options.name, context.space);
  auto client = context.client();
  const auto target = path_of(function);
  if (options.watch) watch(context, client, to_string(function), target);
  const auto now = client.get(target + "/status");
  const auto& terminal = context.terminal;
  terminal.print(terminal.json() ? shown(now) : picture(terminal, to_string(function), now));
  return 0;
}

Verb status_verb() {
  const auto options = std::make_shared<StatusOptions>();
  auto name = function_word(options->name);
  name.required = false;
  return {.name = "status",
          .summary = "Show what a function's replicas do; without a name, what hearthd runs on",
          .examples = "fn status\nfn status hello --watch",
          .options = {name,
                      {.names = "-w,--watch",
                       .target = &options->watch,
                       .help = "go on, change by change, until interrupted"}},
          .run = [options](const Context& context) { return status(context, *options); }};
}

}  // namespace hearth::cli
