// How this hearthd is set up: flags, then HEARTH_… variables, then hearth.yaml, then defaults.
#pragma once

#include "domain/cells.h"
#include "domain/function.h"
#include "engines/docker/location.h"
#include "telemetry/log.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace hearth {

struct Config {
  std::string gateway = "127.0.0.1:8080";
  std::string api = "127.0.0.1:8081";
  std::filesystem::path config_dir;  // the token and hearth.yaml
  std::filesystem::path state_dir;   // what lasts: the store, packages, logs
  std::filesystem::path run_dir;     // what a reboot may lose: sockets, which container is whose
  std::filesystem::path templates;   // a folder for each runtime
  docker::Location docker;
  std::filesystem::path ca_bundle;  // handed to builds; empty: the system's where there is one
  std::uint32_t threads = 0;        // of the gateway; 0: one a core, at most 16
  std::uint32_t max_starts = 8;     // containers being started at once
  domain::CellBounds cells;         // containers of each runtime that stand ready
  domain::Bytes memory{};           // for all replicas together, each counted with its limit
  std::uint32_t parked_min = 2;     // networks that stand ready for starts by image, of each kind
  std::uint32_t parked_max = 8;     // and when starts want more of them; 0: none
  std::chrono::milliseconds stop_grace{10'000};
  std::chrono::milliseconds drain{10'000};  // for calls in flight when hearthd ends
  std::chrono::milliseconds websocket_idle{3'600'000};
  std::chrono::milliseconds websocket_max{86'400'000};
  std::chrono::days keep_usage{400};                       // what functions took, day by day
  std::uint32_t async_at_once = 256;                       // attempts of stored calls that run, of all functions
  domain::Bytes async_body = domain::mebibytes(64);        // of a stored call, and of its answer
  std::chrono::milliseconds async_keep{86'400'000};        // a stored call that ended, with its answer
  std::chrono::milliseconds async_keep_dead{604'800'000};  // and one that was given up
  std::chrono::milliseconds replace_drain{600'000};        // and when another one has taken its place
  bool replace = false;                                    // take the place of the one that runs
  telemetry::log::Level log_level = telemetry::log::Level::info;
  bool log_json = false;
};

// Nothing where only help or the version was asked for and is printed. Throws domain::Error (`invalid`) for what is
// wrong, with the flag, or hearth.yaml's line and column.
std::optional<Config> read_config(int argc, const char* const* argv);

}  // namespace hearth
