#pragma once

#include "cli/verb.h"

namespace hearth::cli {

struct StatusOptions {
  std::string name;  // empty: of hearthd itself
  bool watch = false;
};

// `fn status [NAME]`: a function's state and its replicas, as they are or as they change; without a name what hearthd
// runs on.
int status(const Context& context, const StatusOptions& options);

Verb status_verb();

}  // namespace hearth::cli
