#pragma once

#include "cli/gateway_call.h"
#include "cli/verb.h"

namespace hearth::cli {

// `fn invoke NAME`: the answer on standard output as it comes. 1 when the function answered with an error.
int invoke(const Context& context, const InvokeOptions& options);

Verb invoke_verb();

}  // namespace hearth::cli
