// What every command is handed.
#pragma once

#include "cli/client.h"
#include "cli/terminal.h"
#include "net/own_address.h"

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
  bool said_here = false;                 // on the command line itself: before every variable
  std::string controller = "local";       // the name of the context (cli/contexts.h)
  std::filesystem::path token_file = {};  // empty: it is looked for
  std::filesystem::path ca_file = {};     // empty: the system's authorities

  // The token of this machine's hearthd is for no other one, whatever address is given.
  Token token() const {
    const bool own = controller == "local" && net::is_own_address(net::host_of_url(api));
    return token_file.empty() && !own ? given_token() : find_token(token_file);
  }
  Client client() const { return Client(api, token(), stop, ca_file); }
};

}  // namespace hearth::cli
