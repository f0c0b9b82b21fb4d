#include "cli/commands/schema.h"

#include "cli/json_schema.h"

#include <nlohmann/json.hpp>

namespace hearth::cli {

Verb schema_verb() {
  return {.name = "schema",
          .summary = "Print fn.yaml's JSON Schema, for editors and checks",
          .examples =
              "fn schema > fn.schema.json\n"
              "sed -i '1i # yaml-language-server: $schema=fn.schema.json' fn.yaml",
          .run = [](const Context& context) {
            context.terminal.print(manifest_json_schema().dump(2) + "\n");  // a schema is JSON in any format
            return 0;
          }};
}

}  // namespace hearth::cli
