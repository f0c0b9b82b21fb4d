#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn calls list|get|cancel|redrive`: the calls that hearthd stores, and what becomes of them.
Verb calls_verb();

}  // namespace hearth::cli
