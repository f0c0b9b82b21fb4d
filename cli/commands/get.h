#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn get NAME`: a function's settings, state and revisions.
int get(const Context& context, const std::string& name);

Verb get_verb();

}  // namespace hearth::cli
