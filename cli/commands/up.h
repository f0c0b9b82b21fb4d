#pragma once

#include "cli/verb.h"

#include <utility>
#include <vector>

namespace hearth::cli {

struct UpOptions {
  std::string gateway;  // HOST:PORT; empty: hearthd's own default, as everywhere here
  std::filesystem::path state_dir;
  std::filesystem::path run_dir;
  std::filesystem::path config_dir;
  std::filesystem::path templates;
  std::filesystem::path docker_socket;
  std::string log_level;
  std::chrono::seconds timeout{60};  // until it is ready
  bool replace = false;              // take the place of the one that runs
};

// `fn up`: starts hearthd in the background, unless it runs already and is not to be replaced, and returns when it
// is ready.
int up(const Context& context, const UpOptions& options);

Verb up_verb();

}  // namespace hearth::cli
