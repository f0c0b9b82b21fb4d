#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn help [VERB|TOPIC]`: the help, a topic, or all of it as a page for man or the docs.
Verb help_verb();

}  // namespace hearth::cli
