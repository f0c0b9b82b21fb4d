#include "cli/commands/status.h"

#include "cli/overview.h"
#include "cli/rates.h"
#include "cli/screen.h"
#include "cli/views.h"
#include "net/pause.h"

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;

// `rate`: only where it is watched.
std::string picture(const Terminal& terminal, const std::string& name, const json& status,
                    const std::optional<Rate>& rate = {}) {
  auto text = terminal.paint(Style::bold, name) + " is " + painted_state(terminal, text_at(status, "state"));
  if (const auto held = number_at(status, "held"); held > 0)
    text += ", " + std::to_string(held) + (held == 1 ? " call held" : " calls held");
  if (rate) {
    text += ", " + rate_text(rate, &Rate::calls) + " calls/s, " + rate_text(rate, &Rate::errors) + " errors/s, " +
            rate_text(rate, &Rate::cold_starts) + " cold starts/s";
  }
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

constexpr const char* kKeys = "\nq quits\n";

// Draws what `picture` says every `pause`, until q or a signal.
int redraw(const Context& context, std::chrono::milliseconds pause, const std::function<std::string()>& picture) {
  Screen screen(context.terminal);
  while (!context.stop.stop_requested()) {
    screen.draw(picture() + context.terminal.paint(Style::dim, kKeys));
    if (screen.wait(pause, context.stop) == 'q') return 0;
  }
  throw domain::Error(domain::Code::cancelled, domain::Layer::client, "interrupted");
}

// Each change until interrupted: hearthd answers when there is one.
int watch(const Context& context, Client& client, const std::string& name, const std::string& target) {
  constexpr std::chrono::seconds kWait{30};
  const auto& terminal = context.terminal;
  if (terminal.redraws()) {
    Rates rates;
    return redraw(context, std::chrono::milliseconds(250), [&] {
      const auto now = std::chrono::steady_clock::now();
      const auto status = client.get(target + "/status");
      rates.add({{name, totals_of(status)}}, now);
      return picture(terminal, name, status, rates.of(name));
    });
  }
  std::string last;
  for (std::string seen;;) {
    const auto wait = seen.empty() ? "" : "?wait=" + std::to_string(kWait.count()) + "&seen=" + seen;
    const auto status = client.get(target + "/status" + wait, kWait * 2);
    seen = std::to_string(number_at(status, "seen"));
    const auto line = change_line(status);
    if (terminal.json()) {
      terminal.show_next(status);
    } else if (line != last) {
      terminal.print(line + "\n");
    }
    last = line;
  }
}

// The same of all functions. Where no picture is drawn, a line for each that changed.
int watch_all(const Context& context) {
  constexpr std::chrono::seconds kPause{1};
  const auto& terminal = context.terminal;
  auto client = context.client();
  const auto look = [&] { return look_at_all(client, context.space); };
  if (terminal.redraws()) {
    Rates rates;
    return redraw(context, kPause, [&] {
      const auto now = std::chrono::steady_clock::now();
      const auto functions = look();
      rates.add(totals_of_all(functions), now);
      return overview_table(terminal, functions, rates);
    });
  }
  for (std::map<std::string, std::string> last;;) {
    const auto functions = look();
    std::map<std::string, std::string> now;
    for (const auto& function : functions) now[text_at(function, "name")] = overview_line(function);
    if (now != last && terminal.json()) terminal.show_next({{"items", functions}});
    for (const auto& [name, line] : now) {
      if (!terminal.json() && last[name] != line) terminal.print(line + "\n");
    }
    for (const auto& [name, line] : last) {
      if (!terminal.json() && !now.contains(name)) terminal.print(name + " is gone\n");
    }
    last = std::move(now);
    net::pause(std::chrono::steady_clock::now() + kPause, context.stop);
    if (context.stop.stop_requested()) {
      throw domain::Error(domain::Code::cancelled, domain::Layer::client, "interrupted");
    }
  }
}

int platform(const Context& context) {
  const auto info = context.client().get("/v1/info");
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    terminal.show(info);
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
  if (options.name.empty()) return options.watch ? watch_all(context) : platform(context);
  const auto function = parse_function(options.name, context.space);
  auto client = context.client();
  const auto target = path_of(function);
  if (options.watch) return watch(context, client, to_string(function), target);
  const auto now = client.get(target + "/status");
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    terminal.show(now);
  } else {
    terminal.print(picture(terminal, to_string(function), now));
  }
  return 0;
}

Verb status_verb() {
  const auto options = std::make_shared<StatusOptions>();
  auto name = function_word(options->name);
  name.required = false;
  return {
      .name = "status",
      .summary =
          "Show what a function's replicas do; without a name, what hearthd runs on, or all functions with --watch",
      .examples = "fn status\nfn status --watch\nfn status hello --watch",
      .options =
          {name,
           {.names = "-w,--watch",
            .target = &options->watch,
            .help =
                "go on until q or Ctrl-C: a picture with calls a second on a terminal, else a line for each change"}},
      .run = [options](const Context& context) { return status(context, *options); }};
}

}  // namespace hearth::cli
