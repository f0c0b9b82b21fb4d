#pragma once

#include "cli/verb.h"

namespace hearth::cli {

// `fn down`: stops the hearthd that `fn up` started. Warm replicas stay, for the next one to adopt.
int down(const Context& context, const std::filesystem::path& run_dir);

Verb down_verb();

}  // namespace hearth::cli
