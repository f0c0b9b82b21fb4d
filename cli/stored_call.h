// `fn invoke --async`: a call that hearthd stores and runs by itself, at least once (docs/reference/async.md).
#pragma once

#include "cli/gateway_call.h"

namespace hearth::cli {

// Prints the call's id, or with `wait` its answer once it has ended. Blocks.
int invoke_stored(const Context& context, const InvokeOptions& options);

}  // namespace hearth::cli
