#pragma once

#include "cli/verb.h"

#include <cstdint>
#include <optional>

namespace hearth::cli {

struct RollbackOptions {
  std::string name;
  std::optional<std::uint32_t> to;  // the revision that served before, where absent
};

// `fn rollback NAME [--to N]`: has an older revision serve again, and returns once it does.
int rollback(const Context& context, const RollbackOptions& options);

Verb rollback_verb();

}  // namespace hearth::cli
