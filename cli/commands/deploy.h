#pragma once

#include "cli/verb.h"

namespace hearth::cli {

struct DeployOptions {
  std::filesystem::path folder = ".";
  bool verbose = false;  // all of the build's output
};

// `fn deploy [FOLDER]`: packs the folder, uploads it where hearthd has not got it yet, and follows the build.
int deploy(const Context& context, const DeployOptions& options);

Verb deploy_verb();

}  // namespace hearth::cli
