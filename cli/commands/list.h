#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn list`: every function of the namespace on a line.
int list(const Context& context);

Verb list_verb();

}  // namespace hearth::cli
