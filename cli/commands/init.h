#pragma once

#include "cli/verb.h"

namespace hearth::cli {

struct InitOptions {
  std::string name;
  std::string runtime = "python";
  std::filesystem::path folder;  // empty: NAME here
};

// `fn init NAME`: a folder with a first function of the runtime, ready to be deployed.
int init(const Context& context, const InitOptions& options);

Verb init_verb();

}  // namespace hearth::cli
