// What a user deploys: a function's settings and its immutable revisions. Values only.
#pragma once

#include "domain/error.h"
#include "domain/http_trigger.h"
#include "domain/time.h"

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::domain {

// A size in bytes; a type of its own so that it is never mistaken for a count.
struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};
constexpr Bytes kibibytes(std::uint64_t n) { return {n << 10}; }
constexpr Bytes mebibytes(std::uint64_t n) { return {n << 20}; }
constexpr Bytes gibibytes(std::uint64_t n) { return {n << 30}; }

struct FunctionName {
  std::string space = "default";  // the namespace
  std::string name;
  auto operator<=>(const FunctionName&) const = default;
};

// "hello" in the default namespace, else "space.hello".
std::string to_string(const FunctionName& function);

struct Limits {
  Bytes memory = mebibytes(256);
  std::uint32_t cpu_millis = 1000;            // thousandths of a core
  std::chrono::milliseconds timeout{30'000};  // of one call; every layer derives its own from it
  std::uint32_t concurrency = 16;             // calls at once in one replica, where its runtime says no other
  std::uint32_t pids = 64;
  Bytes tmp = mebibytes(64);
  Bytes body = mebibytes(6);  // of a request
  bool operator==(const Limits&) const = default;
};

// When an idle replica is frozen: it keeps its memory and gets no CPU until the next call.
struct Freeze {
  enum class When : std::uint8_t {
    automatic,  // soon, where its runtime's bootstrap says that nothing of the function's own still runs
    never,
    after,  // `idle`, whatever it still does
  } when = When::automatic;
  std::chrono::milliseconds idle{0};
  bool operator==(const Freeze&) const = default;
};

// For how long the last idle replica is kept.
enum class KeepAlive : std::uint8_t {
  automatic,  // what the simulator finds best: by the times that the function was idle for so far, within an hour
  fixed,      // for idle_timeout
  hybrid,     // as automatic, without that bound
};

struct Scale {
  std::uint32_t min = 0;
  std::uint32_t max = 10;
  KeepAlive keep_alive = KeepAlive::automatic;
  std::chrono::milliseconds idle_timeout{300'000};  // of what learns: until it has
  std::chrono::milliseconds start_timeout{30'000};  // from create until it listens
  Freeze freeze = {};
  bool operator==(const Scale&) const = default;
};

// Of durable calls that fail.
struct RetryPolicy {
  std::uint32_t attempts = 5;  // in all; 1: no retries
  std::chrono::milliseconds backoff{
      1'000};  // at most so long before the second; twice as long before each that follows
  std::chrono::milliseconds max_backoff{300'000};
  bool operator==(const RetryPolicy&) const = default;
};

struct Network {
  bool egress = true;               // false: no network at all but the function's own socket
  std::vector<std::string> attach;  // engine networks to join
  bool operator==(const Network&) const = default;
};

// `runtime`, `image` and `build` exclude each other: exactly one says where the code comes from.
struct FunctionSpec {
  FunctionName name;
  std::string runtime;  // "python": the package goes on top of the runtime's base image
  std::string image;    // any image that listens on $PORT
  std::string build;    // path of a Dockerfile inside the package
  std::string handler;  // "handler.py:handle"; only with a runtime, which says what it means
  std::map<std::string, std::string> env;
  Limits limits;
  Scale scale;
  Network network;
  RetryPolicy retry = {};
  std::vector<HttpTrigger> http_triggers = {};
  std::string container_runtime = {};  // what the engine runs its containers by: "runsc"; empty: the engine's default
  std::uint32_t history = 10;          // revisions kept beside the active one, to roll back to
  bool debug = false;                  // its replica opens its language's debugger; no key of fn.yaml: `fn dev` sets it
  bool operator==(const FunctionSpec&) const = default;
};

enum class RevisionState : std::uint8_t {
  building,
  starting,  // built; its first replica is tried
  ready,
  failed,
};

// One deployed version. Immutable but for `state`, `image` and `fault`, which its rollout settles once.
struct Revision {
  FunctionName function;
  std::uint64_t number = 0;  // 1, 2, 3 … within its function
  std::string package;       // "sha256:…" of the uploaded folder; empty where `spec.image` is used
  FunctionSpec spec;
  WallTime created_at{};
  RevisionState state = RevisionState::building;
  bool verify = true;          // one replica must start before it serves
  std::string image;           // "sha256:…": what replicas are started from
  std::optional<Fault> fault;  // why it was not built, or does not start
};

struct Function {
  FunctionName name;
  std::uint64_t active = 0;    // the revision that serves calls; 0 while none was ever ready
  std::uint64_t latest = 0;    // the number last given
  std::uint64_t previous = 0;  // the revision that served before the active one; 0: none
};

std::string_view name(RevisionState state);
std::string_view name(KeepAlive keep);  // "auto"
std::optional<KeepAlive> parse_keep_alive(std::string_view text);
// Who writes a time and no policy means that time.
constexpr KeepAlive unsaid_keep_alive(bool with_idle_timeout) {
  return with_idle_timeout ? KeepAlive::fixed : KeepAlive::automatic;
}

// [a-z]([-a-z0-9]*[a-z0-9])?, at most 63: what DNS labels, container names and URLs all take.
bool is_valid_name(std::string_view name);

// Everything wrong with `spec` in words a user can act on; empty when it may be deployed.
struct Complaint {
  std::string field;  // "limits.memory"
  std::string message;
};
std::vector<Complaint> check(const FunctionSpec& spec);

// "256Mi", "1Gi", "512Ki", "1000" → bytes; "250ms", "30s", "5m", "1h" → milliseconds; "0.5", "250m" → thousandths.
std::optional<Bytes> parse_bytes(std::string_view text);
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::optional<std::uint32_t> parse_cpu(std::string_view text);
std::optional<Freeze> parse_freeze(std::string_view text);  // "auto", "never", "10s"
std::string to_string(Bytes bytes);
std::string to_string(std::chrono::milliseconds duration);
std::string to_string(const Freeze& freeze);

}  // namespace hearth::domain
