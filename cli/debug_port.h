// The port that `fn dev --debug` opens: it outlives revisions and replicas, so that an editor finds each at the same
// place.
#pragma once

#include "cli/context.h"
#include "cli/debugger.h"
#include "cli/relay.h"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>

namespace hearth::cli {

class DebugPort {
 public:
  // `asked`: "true" for the language's own port, else a number. Throws where hearthd is not of this machine, where
  // `runtime` has no debugger, and where the port is taken.
  DebugPort(const Context& context, const std::string& asked, const std::string& runtime);

  // Makes a spec one that can be debugged: one replica, which stands still as long as one likes and has room for the
  // debugger. Throws where its runtime has none.
  static void open_in(domain::FunctionSpec& spec);

  // Leads to the newest replica that a status of the API's tells of. Any thread.
  void follow(const nlohmann::json& status);

  // How to attach to what runs `folder`.
  std::string told(const std::string& runtime, const std::filesystem::path& folder) const;

 private:
  Relay relay_;
};

}  // namespace hearth::cli
