#include "cli/commands/rollback.h"

#include "cli/progress.h"
#include "cli/views.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {

using nlohmann::json;

int rollback(const Context& context, const RollbackOptions& options) {
  constexpr std::chrono::minutes kPatience{5};  // one start, whose own time the function sets
  const auto name = parse_function(options.name, context.space);
  auto client = context.client();
  const auto target = path_of(name);
  const auto before = client.get(target);
  json body = json::object();
  if (options.to) body["revision"] = *options.to;
  json after;
  {
    const Progress progress(context.terminal, "rolling back " + to_string(name));
    after =
        client.put(target + "/active", body,
                   Client::Header{"If-Match", "\"" + std::to_string(number_at(before, "version")) + "\""}, kPatience);
  }
  if (context.terminal.json()) {
    context.terminal.show(after);
    return 0;
  }
  const auto was = number_at(before, "active");
  const auto is = number_at(after, "active");
  context.terminal.print(was == is ? to_string(name) + " is at revision " + std::to_string(is) + " already\n"
                                   : to_string(name) + " is at revision " + std::to_string(is) + " again, after " +
                                         std::to_string(was) + "\n");
  return 0;
}

Verb rollback_verb() {
  const auto options = std::make_shared<RollbackOptions>();
  return {.name = "rollback",
          .summary = "Have an older revision serve again",
          .examples = "fn rollback hello\nfn rollback hello --to 3",
          .options = {function_word(options->name),
                      {.names = "--to",
                       .target = &options->to,
                       .help = "which one; else the one that served before",
                       .value = "REVISION"}},
          .run = [options](const Context& context) { return rollback(context, *options); },
          .notes = "It takes over once it is warm: at once while a replica of it lives. A deploy after that wins."};
}

}  // namespace hearth::cli
