// What every command is handed.
#pragma once

#include "cli/client.h"
#include "cli/terminal.h"

#include <filesystem>
#include <stop_token>
#include <string>

namespace hearth::cli {

struct Context {
  const Terminal& terminal;
  std::stop_token stop;
  std::string space = "default";
  std::string api = "http://127.0.0.1:8081";
  bool api_given = false;                 // by whoever called us, not by default
  std::filesystem::path token_file = {};  // empty: it is looked for

  Client client() const { return Client(api, find_token(token_file), stop); }
};

}  // namespace hearth::cli
