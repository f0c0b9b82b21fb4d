#include "cli/commands/logs.h"

#include "cli/time_words.h"
#include "cli/views.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

std::string query_of(const LogsOptions& options) {
  std::string query;
  const auto add = [&](const std::string& name, const std::string& value) {
    query += (query.empty() ? "?" : "&") + name + "=" + net::url_encode(value);
  };
  if (options.follow) add("follow", "1");
  if (options.tail) add("tail", std::to_string(*options.tail));
  if (options.call) add("call", *options.call);
  if (options.grep) add("grep", *options.grep);
  if (!options.since) return query;
  const auto since = time_from_words(*options.since, std::chrono::system_clock::now());
  if (!since) {
    throw domain::Error(domain::Code::invalid, domain::Layer::client, "--since " + *options.since + " is no time",
                        "such as 10m, or 2026-01-31T09:05 (UTC)");
  }
  add("since", *since);
  return query;
}

}  // namespace

int logs(const Context& context, const LogsOptions& options) {
  const auto target = path_of(parse_function(options.name, context.space)) + "/logs" + query_of(options);
  context.client().follow(target, [&](const nlohmann::json& event) {
    if (context.terminal.json()) {
      context.terminal.show_next(event);
    } else {
      context.terminal.print(log_line(context.terminal, event));
    }
    return true;
  });
  return 0;
}

Verb logs_verb() {
  const auto options = std::make_shared<LogsOptions>();
  return {.name = "logs",
          .summary = "Show what a function's containers wrote",
          .examples =
              "fn logs hello --tail 20\nfn logs hello -f --grep 'error|warn'\n"
              "fn logs hello --since 10m --call 0198f3c2a4e17a70",
          .options = {function_word(options->name),
                      {.names = "-f,--follow", .target = &options->follow, .help = "go on until interrupted"},
                      {.names = "--tail",
                       .target = &options->tail,
                       .help = "only so many of the last lines",
                       .value = "LINES"},
                      {.names = "--since",
                       .target = &options->since,
                       .help = "only lines since so long ago (10m), or since a time (2026-01-31T09:05, UTC)",
                       .value = "TIME"},
                      {.names = "--call",
                       .target = &options->call,
                       .help = "only lines of one call, by its Hearth-Call-Id",
                       .value = "ID"},
                      {.names = "--grep",
                       .target = &options->grep,
                       .help = "only lines that match, as grep -E does",
                       .value = "REGEX"}},
          .run = [options](const Context& context) { return logs(context, *options); }};
}

}  // namespace hearth::cli
