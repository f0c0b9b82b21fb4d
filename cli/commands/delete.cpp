#include "cli/commands/delete.h"

#include "cli/progress.h"

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
    context.terminal.print(nlohmann::json{{"deleted", to_string(function)}}.dump() + "\n");
  } else {
    context.terminal.print("deleted " + to_string(function) + "\n");
  }
  return 0;
}

}  // namespace hearth::cli
