// Where replicas run: Docker today, Kubernetes next. Few verbs; a behaving fake and every real engine pass one
// contract suite (tests/contract/engine_contract.h).
#pragma once

#include "domain/cells.h"
#include "domain/error.h"
#include "domain/function.h"
#include "domain/replica.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hearth::ports {

// A socket inside a folder that the function can write: never trusted, opened only through Host::connect.
struct UnixAddress {
  domain::ReplicaId replica = 0;
  std::string owner;  // what the peer's cgroup must bear: the container's id
  bool operator==(const UnixAddress&) const = default;
};
struct TcpAddress {
  std::string host;  // a numeric address
  std::uint16_t port = 0;
  bool operator==(const TcpAddress&) const = default;
};
using Address = std::variant<UnixAddress, TcpAddress>;

// How a container takes its calls. More contracts follow; each is a strategy beside the proxy.
enum class Contract : std::uint8_t { http };

struct ReplicaSpec {
  domain::ReplicaId id = 0;
  domain::FunctionName function;
  std::uint64_t revision = 0;
  std::string image;       // "sha256:…"
  bool templated = false;  // made of one of our runtimes: it serves $HEARTH_SOCKET and tells why it did not load
  Contract contract = Contract::http;
  std::string handler;  // of a templated one: "handler.py:handle"
  std::map<std::string, std::string> env;
  domain::Limits limits;
  domain::Network network;
  std::string container_runtime = {};  // "runsc"; empty: the engine's default
  std::chrono::milliseconds start_timeout{30'000};
  bool debug = false;    // opens its language's debugger, for this machine alone
  bool in_cell = false;  // nothing that it asks for keeps it out of a container that runs already
};

struct Running {
  Address address;
  std::chrono::microseconds created{0};     // time the engine took to make and start the container
  std::chrono::microseconds loaded{0};      // from its start until it listened
  std::optional<TcpAddress> debugger = {};  // where that is to be attached to
  domain::StartedFrom from = domain::StartedFrom::untold;
};

// A replica of ours that lives, found after a restart.
struct Found {
  domain::ReplicaId id = 0;
  domain::FunctionName function;
  std::uint64_t revision = 0;
  Running running;
};

struct Exit {
  int code = 0;
  bool out_of_memory = false;
  std::optional<domain::Bytes> memory_peak = {};  // where it ran out of memory and that was still to be seen
};

// Which replicas may be frozen: those whose bootstrap says that nothing of the function's own still runs, and only
// where they are back within a moment; or any that idles.
enum class Freeze : std::uint8_t { if_quiet, in_any_case };

// Called from the watching thread; must return soon.
class EngineEvents {
 public:
  virtual ~EngineEvents() = default;
  virtual void exited(domain::ReplicaId replica, const Exit& exit) = 0;
  virtual void away(const domain::Fault& why) = 0;  // the engine stopped answering
  virtual void back() = 0;                          // it answers again: what was missed must be looked for
};

// One line of a container's output, without its newline, or one of ours about it. Called from threads of the engine's.
struct LogLine {
  domain::ReplicaId replica = 0;
  domain::FunctionName function;
  domain::WallTime time{};
  bool error_stream = false;
  std::string_view text;
};
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void line(const LogLine& line) = 0;
};

// Every verb blocks, may be called from any thread, and throws domain::Error with layer `engine` where the engine
// is at fault, `function` where the image is.
class Engine {
 public:
  virtual ~Engine() = default;

  // Replicas such as `spec` may start from now on, instead of what was said of their function before; its id means
  // nothing. An engine may get ready for them, or not. Return at once and throw nothing.
  virtual void expect(const ReplicaSpec& /*spec*/) {}
  virtual void expect_none(const domain::FunctionName& /*function*/) {}

  // Creates and starts a container, or lets one that is ready become it, and returns once it listens. Leaves nothing
  // behind when it throws: `function` faults say which it was (exited at once, never listened, listens on another port,
  // did not load) with the end of its log as detail. Cancelled by `stop` within moments.
  virtual Running start(const ReplicaSpec& spec, std::stop_token stop) = 0;

  // Thawed where it is frozen, then SIGTERM, `grace`, SIGKILL; the container and all that was made for it are gone when
  // this returns. Stopping what is gone already is no error.
  virtual void stop(domain::ReplicaId replica, std::chrono::milliseconds grace) = 0;

  // Takes all CPU from a replica; returns once that is confirmed. Answers what keeps it awake where it was left alone;
  // nothing where it is frozen. `stop` ends the asking.
  virtual std::optional<std::string> freeze(domain::ReplicaId replica, Freeze which, std::stop_token stop) = 0;
  // Gives it back; returns once that is confirmed. No error where it is not frozen, or gone.
  virtual void thaw(domain::ReplicaId replica) = 0;

  // Replicas of this installation that live and are provably ours, thawed. Removes what bears our mark and is dead or
  // unknown to our own records; leaves alone what only claims to be ours, and what is known already. Its output is
  // followed from here on.
  virtual std::vector<Found> recover() = 0;

  // --- another hearthd takes this one's place ---

  // Lets go of a replica that lives on. Where adopt() is to go on with its output.
  virtual std::string release(domain::ReplicaId replica) = 0;
  // Takes those that live and are provably ours; for each, what release() said, or nothing. One that is known already
  // is passed over, and what does not live is left to recover().
  virtual std::vector<Found> adopt(const std::map<domain::ReplicaId, std::string>& replicas) = 0;

  // Of those given, the replicas that live: for after `back()`.
  virtual std::vector<domain::ReplicaId> alive() = 0;

  // Reports exits until `stop`; reconnects by itself. Never polls.
  virtual void watch(EngineEvents& events, std::stop_token stop) = 0;
};

}  // namespace hearth::ports
