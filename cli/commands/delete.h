#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn delete NAME`: returns when nothing of the function is left.
int remove_function(const Context& context, const std::string& name);

Verb delete_verb();

}  // namespace hearth::cli
