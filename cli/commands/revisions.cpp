#include "cli/commands/revisions.h"

#include "cli/views.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {

int revisions(const Context& context, const std::string& name) {
  auto client = context.client();
  const auto target = path_of(parse_function(name, context.space));
  const auto function = client.get(target);
  auto document = client.get(target + "/revisions");
  const auto& terminal = context.terminal;
  if (terminal.json()) {
    for (auto& revision : document["items"]) {
      revision["active"] = number_at(revision, "number") == number_at(function, "active");
    }
    terminal.show(document);
    return 0;
  }
  terminal.print(revision_table(terminal, child_at(document, "items"), number_at(function, "active")));
  return 0;
}

Verb revisions_verb() {
  const auto name = std::make_shared<std::string>();
  return {.name = "revisions",
          .summary = "Show a function's revisions, newest first",
          .examples = "fn revisions hello\nfn revisions hello --output json",
          .options = {function_word(*name)},
          .run = [name](const Context& context) { return revisions(context, *name); }};
}

}  // namespace hearth::cli
