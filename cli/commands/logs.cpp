#include "cli/commands/logs.h"

#include "cli/views.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

// "2026-01-31T09:05:00.250Z 4f2a91c0 text": a replica's first letters tell it from its neighbours.
std::string line_of(const Terminal& terminal, const nlohmann::json& event) {
  const auto text = text_at(event, "text");
  const auto head = text_at(event, "time") + " " + text_at(event, "replica").substr(0, 16);
  const bool ended = text.ends_with('\n');
  return terminal.paint(Style::dim, head) + " " + terminal.tame(text) + (ended ? "" : "\n");
}

}  // namespace

int logs(const Context& context, const LogsOptions& options) {
  auto target = path_of(parse_function(options.name, context.space)) + "/logs";
  if (options.follow) target += "?follow=1";
  if (options.tail) target += (options.follow ? "&tail=" : "?tail=") + std::to_string(*options.tail);
  context.client().follow(target, [&](const nlohmann::json& event) {
    context.terminal.print(context.terminal.json() ? event.dump() + "\n" : line_of(context.terminal, event));
    return true;
  });
  return 0;
}

Verb logs_verb() {
  const auto options = std::make_shared<LogsOptions>();
  return {.name = "logs",
          .summary = "Show what a function's containers wrote",
          .examples = "fn logs hello --tail 20\nfn logs hello -f",
          .options = {function_word(options->name),
                      {.names = "-f,--follow", .target = &options->follow, .help = "go on until interrupted"},
                      {.names = "--tail",
                       .target = &options->tail,
                       .help = "only so many of the last lines",
                       .value = "LINES"}},
          .run = [options](const Context& context) { return logs(context, *options); }};
}

}  // namespace hearth::cli
