// Between our values and the Docker Engine API's JSON. Pure.
#pragma once

#include "engines/docker/ownership.h"
#include "ports/engine.h"
#include "ports/host.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::docker {

inline constexpr std::uint16_t kPort = 8080;          // $PORT
inline constexpr int kKilled = 137;                   // the exit code of what SIGKILL ended
inline constexpr std::uint16_t kDebuggerPort = 5678;  // $HEARTH_DEBUGGER_PORT

// Of Docker's copy of a container's output, which is in two files. We keep the output ourselves: it need only bridge a
// restart of ours, and bursts: a reader of Docker's that is a whole file behind loses lines.
inline constexpr domain::Bytes kOutputFile = domain::mebibytes(8);

// Where a container's network namespace comes from.
enum class NetworkKind : std::uint8_t {
  none,    // only `lo`
  open,    // the installation's bridge, with a way out; builds run on it too
  closed,  // the installation's internal bridge: the host can call in, nothing gets out
};
// Whether it is called on a socket in its folder. A sandbox (runsc, kata) has a kernel of its own, whose sockets this
// machine does not see: whatever another runtime runs is called over its network, as images are.
bool serves_socket(const ports::ReplicaSpec& spec);
NetworkKind network_kind(const ports::ReplicaSpec& spec);
// The kind of a parked network that a replica of it may join. None where it has networks besides that one or a kernel
// of its own, nor for a debugger, which nobody waits for.
NetworkKind joined_kind(const ports::ReplicaSpec& spec);

std::string network_name(const Installation& installation, NetworkKind kind);
std::string bridge_name(const Installation& installation, NetworkKind kind);  // the host's interface, ≤ 15 characters
nlohmann::json network_body(const Installation& installation, NetworkKind kind);
// HostConfig.Dns of a container on a network of `kind`
nlohmann::json name_servers(NetworkKind kind);

std::string container_name(const Installation& installation, const ports::ReplicaSpec& spec);

// What the engine and the host add to a spec.
struct Surroundings {
  Installation installation;
  bool init = false;                      // the engine can reap a container's orphans
  std::uint32_t cpus = 1;                 // of the engine's machine; more may not be asked for
  std::vector<std::string> volumes = {};  // that the image declares
  std::string socket_folder = {};         // bound to /run/hearth; only for templated ones
  bool all_networks = false;              // the engine takes them all at create
  std::string parked = {};                // the container whose network it joins; empty: it gets one of its own
};

std::string user_and_group(std::uint32_t user);  // "65534:65534"

// The user's variables, then ours, which nothing overrides.
std::map<std::string, std::string> environment_of(const ports::ReplicaSpec& spec);

// What no container of ours is without, whatever it is for.
nlohmann::json hardening();

// POST /containers/create
nlohmann::json create_body(const ports::ReplicaSpec& spec, const Surroundings& surroundings);

// GET /images/ID/json: Config.Volumes
std::vector<std::string> read_volumes(const nlohmann::json& image);

// GET /containers/ID/json
struct Container {
  std::string id = {};
  std::string name = {};  // without Docker's leading slash
  bool running = false;
  bool paused = false;
  int pid = 0;  // of its first process, on the engine's machine
  ports::Exit exit = {};
  Labels labels = {};
  std::map<std::string, std::string> addresses = {};  // network → IPv4 address; empty ones left out
};
Container read_container(const nlohmann::json& inspected);

// GET /containers/json: id, name and labels of each. Throws domain::Error where it is no list.
std::vector<Container> read_list(const nlohmann::json& list);

// A line of GET /events
struct ContainerEvent {
  enum class Kind : std::uint8_t { died, out_of_memory, other } kind = Kind::other;
  std::string id;
  int exit_code = 0;
  std::int64_t time_nanos = 0;
};
std::optional<ContainerEvent> read_event(std::string_view line);

// What we remember of a container outside of its reach.
struct Record {
  std::string container = {};  // its id
  domain::FunctionName function = {};
  std::uint64_t revision = 0;
  bool templated = false;    // it has a socket
  std::string network = {};  // where its address is; empty where it has none but a socket
  bool debug = false;        // its debugger is at that address
  std::uint32_t pids = 0;    // limits.pids; 0: written down by a hearthd that did not say
  std::string package = {};  // the image whose package is bound into it; empty: it was not a cell
  bool idle = false;         // a cell that is nobody's yet
  std::string parked = {};   // the container whose network it joined; empty: it has one of its own, or none
  bool operator==(const Record&) const = default;
};
std::string write_record(const Record& record);
std::optional<Record> read_record(std::string_view text);

}  // namespace hearth::docker
