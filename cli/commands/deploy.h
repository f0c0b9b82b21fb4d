#pragma once

#include "cli/verb.h"

namespace hearth::cli {

struct DeployOptions {
  std::filesystem::path folder = ".";
  bool verbose = false;    // all of the build's output
  bool no_wait = false;    // return as soon as hearthd has it
  bool no_verify = false;  // serve what was never started
  bool force = false;      // over a deploy that came between
};

// `fn deploy [FOLDER]`: packs the folder, uploads it where hearthd has not got it yet, and follows it
// until it serves.
int deploy(const Context& context, const DeployOptions& options);

Verb deploy_verb();

}  // namespace hearth::cli
