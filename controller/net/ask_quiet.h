// Whether a function has nothing of its own to do: a question to its bootstrap, which clients of the gateway cannot ask
// (docs/reference/container.md).
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace hearth::net {

// Asks over the fresh connection `socket`, which is left to be closed: what keeps it awake, or nothing where it is
// quiet. No answer until `timeout` or `stop`, or one that is no answer, is no word of quiet.
std::optional<std::string> ask_quiet(int socket, std::chrono::milliseconds timeout, std::stop_token stop);

// What the whole answer says, once it is whole; nothing before.
struct QuietAnswer {
  std::optional<std::string> stirs;  // what keeps it awake
};
std::optional<QuietAnswer> read_quiet_answer(std::string_view bytes, bool ended);

}  // namespace hearth::net
