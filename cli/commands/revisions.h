#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn revisions NAME`: what was deployed, newest first.
int revisions(const Context& context, const std::string& name);

Verb revisions_verb();

}  // namespace hearth::cli
