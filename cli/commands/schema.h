#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn schema`: fn.yaml's JSON Schema, for editors.
Verb schema_verb();

}  // namespace hearth::cli
