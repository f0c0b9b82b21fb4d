// What this hearthd is, for /v1/info and the probes.
#pragma once

#include "domain/cells.h"
#include "domain/error.h"
#include "domain/function.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hearth::api {

struct EngineFacts {
  std::string name;         // "docker"
  std::string version;      // "20.10.24"; empty while it was never reached
  std::string api_version;  // "1.41"
  bool reachable = false;
  std::vector<domain::CellCount> cells = {};
  std::size_t parked_networks = 0;  // that stand ready
};

struct Info {
  std::string version;       // of hearthd
  int pid = 0;               // its process, where it runs
  std::string installation;  // 16 hex digits
  std::string gateway_url;   // "http://127.0.0.1:8080"
  std::uint32_t cpus = 0;
  domain::Bytes memory;
  std::map<std::string, std::uint32_t> concurrency = {};  // of its runtimes, where a deploy does not say
  // Both from any thread, and soon: asked on every /v1/info and /readyz.
  std::function<EngineFacts()> engine;
  // Why replicas of a function are not started in cells; nothing: they are, where one is ready.
  std::function<std::optional<std::string>(const domain::Revision& revision)> obstacle_to_cells;
  std::function<std::optional<domain::Fault>()> unready;  // why calls cannot be served; nothing: they can
};

}  // namespace hearth::api
