// fn.yaml's JSON Schema (2020-12), made from the table that its reader goes by. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace hearth::cli {

// It says what each key may look like, and which exclude or need each other. What depends on more than a value's
// shape, such as limits.memory being at least 16Mi, is told by `fn deploy` alone.
nlohmann::ordered_json manifest_json_schema();

}  // namespace hearth::cli
