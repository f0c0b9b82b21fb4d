// What can go wrong, said once: a code that tells the caller how to react, the layer at fault, and a mend.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::domain {

// Named for the caller's reaction.
enum class Code : std::uint8_t {
  invalid,        // it cannot be read: change how it is written
  unprocessable,  // it can be read, and breaks a rule: change what it says
  denied,         // bring other credentials
  not_found,      // it is not there
  conflict,       // something else is in the way: look, then decide
  stale,          // it is not at the version that was asked for: read it again, then decide
  overloaded,     // come back later: too much at once
  full,           // come back later: the disk has no room
  unavailable,    // come back later: a part is away or broken
  timeout,        // the deadline passed
  cancelled,      // whoever asked has left
  internal,       // a bug, or something nobody foresaw
};

// Who is at fault.
enum class Layer : std::uint8_t { client, gateway, engine, function, limit };

struct Fault {
  Code code = Code::internal;
  Layer layer = Layer::gateway;
  std::string message;      // what was wrong and where, one sentence
  std::string hint = {};    // what to do; empty where nothing helps
  std::string detail = {};  // the end of a log, a compiler's words; may span lines
  std::optional<std::chrono::seconds> retry_after = {};

  bool operator==(const Fault&) const = default;
};

// The one exception type. Thrown where a caller cannot go on; what is ordinary is a value instead.
class Error : public std::exception {
 public:
  explicit Error(Fault fault) : fault_(std::move(fault)) {}
  Error(Code code, Layer layer, std::string message, std::string hint = {})
      : fault_{.code = code, .layer = layer, .message = std::move(message), .hint = std::move(hint)} {}

  const Fault& fault() const noexcept { return fault_; }
  const char* what() const noexcept override { return fault_.message.c_str(); }

 private:
  Fault fault_;
};

std::string_view name(Code code);    // "not_found"
std::string_view name(Layer layer);  // "engine"

// The only table from faults to HTTP statuses (RFC 9110; 499 is nginx's word for a client that left).
int http_status(const Fault& fault);

// The only table from faults to exit codes of `fn`: 1 the function failed, 2 usage, 3 refused, 4 not reachable,
// 5 timed out.
int exit_code(const Fault& fault);

}  // namespace hearth::domain
