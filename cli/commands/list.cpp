#include "cli/commands/list.h"

#include "cli/views.h"

#include <nlohmann/json.hpp>

namespace hearth::cli {

int list(const Context& context) {
  auto client = context.client();
  const auto functions = list_functions(client, context.space);
  if (context.terminal.json()) {
    context.terminal.show({{"items", functions}});
    return 0;
  }
  if (functions.empty()) {
    context.terminal.note("no functions yet; make one with: fn init hello --runtime python");
    return 0;
  }
  std::vector<Row> rows{{"NAME", "STATE", "REPLICAS", "REVISION", "FROM", "URL"}};
  for (const auto& function : functions) {
    const auto active = number_at(function, "active");
    rows.push_back({text_at(function, "name"), painted_state(context.terminal, text_at(function, "state")),
                    std::to_string(number_at(function, "replicas")), active == 0 ? "-" : std::to_string(active),
                    context.terminal.tame(source_of(child_at(function, "spec"))), text_at(function, "url")});
    for (const auto& route : route_lines(function)) {
      rows.push_back({"", "", "", "", "", context.terminal.tame(route)});
    }
  }
  context.terminal.print(table(rows));
  return 0;
}

Verb list_verb() {
  return {.name = "list",
          .summary = "List functions",
          .examples = "fn list\nfn list --output json",
          .run = [](const Context& context) { return list(context); }};
}

}  // namespace hearth::cli
