#pragma once

#include "cli/verb.h"

#include <cstdint>
#include <optional>

namespace hearth::cli {

struct LogsOptions {
  std::string name;
  bool follow = false;
  std::optional<std::uint32_t> tail;  // nothing: the last hundred, or all that the others leave
  std::optional<std::string> since;   // "10m" ago, or a time
  std::optional<std::string> call;
  std::optional<std::string> grep;
};

// `fn logs NAME`: what the function's containers wrote. hearthd leaves out what is not wanted.
int logs(const Context& context, const LogsOptions& options);

Verb logs_verb();

}  // namespace hearth::cli
