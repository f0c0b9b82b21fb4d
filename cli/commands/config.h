#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn config`: the controllers that a user works with, by name.
Verb config_verb();

}  // namespace hearth::cli
