// The verbs of `fn`: the one place that a new verb is entered.
#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// In the order of the help.
std::vector<Verb> all_verbs();

}  // namespace hearth::cli
