#pragma once

#include "cli/verb.h"

#include <cstdint>
#include <optional>

namespace hearth::cli {

struct LogsOptions {
  std::string name;
  bool follow = false;
  std::optional<std::uint32_t> tail;  // nothing: all that is kept
};

// `fn logs NAME`: what the function's containers wrote.
int logs(const Context& context, const LogsOptions& options);

Verb logs_verb();

}  // namespace hearth::cli
