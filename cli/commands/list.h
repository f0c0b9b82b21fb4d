#pragma once

#include "cli/context.h"

namespace hearth::cli {

// `fn list`: every function of the namespace on a line.
int list(const Context& context);

}  // namespace hearth::cli
