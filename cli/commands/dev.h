#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn dev [FOLDER]`: runs the folder as a function of its own, anew at each save, until interrupted.
Verb dev_verb();

}  // namespace hearth::cli
