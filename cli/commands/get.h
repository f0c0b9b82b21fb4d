#pragma once

#include "cli/context.h"

namespace hearth::cli {

// `fn get NAME`: a function's settings, state and revisions.
int get(const Context& context, const std::string& name);

}  // namespace hearth::cli
