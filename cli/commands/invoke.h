#pragma once

#include "cli/verb.h"

#include <optional>
#include <vector>

namespace hearth::cli {

struct InvokeOptions {
  std::string name;
  std::optional<std::string> data;       // the body, "@file", or "-" for standard input
  std::string method;                    // empty: POST with a body, else GET
  std::string path;                      // what follows /fn/NAME
  std::vector<std::string> headers;      // "Name: value"
  std::chrono::milliseconds timeout{0};  // of the whole call; 0: the function's own
  bool verbose = false;
};

// `fn invoke NAME`: the answer on standard output as it comes. 1 when the function answered with an error.
int invoke(const Context& context, const InvokeOptions& options);

Verb invoke_verb();

}  // namespace hearth::cli
