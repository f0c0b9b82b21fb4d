#include "cli/commands/delete.h"

#include "cli/progress.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace hearth::cli {

int remove_function(const Context& context, const std::string& name) {
  constexpr std::chrono::minutes kPatience{3};  // its calls have their grace, its containers theirs
  const auto function = parse_function(name, context.space);
  auto client = context.client();
  {
    const Progress progress(context.terminal, "deleting " + to_string(function));
    client.remove(path_of(function), kPatience);
  }
  if (context.terminal.json()) {
    context.terminal.show({{"deleted", to_string(function)}});
  } else {
    context.terminal.print("deleted " + to_string(function) + "\n");
  }
  return 0;
}

Verb delete_verb() {
  const auto name = std::make_shared<std::string>();
  return {.name = "delete",
          .summary = "Delete a function and all that is left of it",
          .examples = "fn delete hello",
          .options = {function_word(*name)},
          .run = [name](const Context& context) { return remove_function(context, *name); }};
}

}  // namespace hearth::cli
