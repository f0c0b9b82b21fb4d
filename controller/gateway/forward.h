// The heads that a proxy sends on: what belongs to one hop is taken off, what the gateway says is put in. Pure.
#pragma once

#include "control/lease.h"
#include "gateway/call_ids.h"
#include "gateway/route.h"
#include "http/head.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::gateway {

// What the gateway tells the function of a call.
struct CallFacts {
  const Route& route;
  const CallIds::Text& id;
  std::string_view client;       // its address, without the port
  std::string_view traceparent;  // made; the client's own is used where it is well formed
  std::chrono::milliseconds left;
  bool web_socket = false;  // the request asks for one
  bool ours = false;        // what its head says of the call is true, and said in full
};

// A body's piece up to this size is copied behind its head: cheaper than to tell the kernel of two pieces.
inline constexpr std::size_t kCopied = 2 << 10;

void compose_request(std::string& out, const http::RequestHead& request, const CallFacts& facts);

// How the client learns where the answer's body ends.
enum class AnswerFraming : std::uint8_t { as_it_is, chunked, until_close };

void compose_answer(std::string& out, const http::ResponseHead& answer, AnswerFraming framing);

// Where the time of a call went, for `Server-Timing`.
struct Timing {
  control::HoldTimes hold;
  std::chrono::microseconds exec{0};  // until the head of the answer; 0 where the function was not asked
};
// Its value: "held;dur=1.5, exec;dur=0.2".
void append_timing(std::string& out, const Timing& timing);

// Seconds that a server keeps an idle connection by its `Keep-Alive: timeout=N`; -1 where it says nothing.
int keep_alive_seconds(const http::ResponseHead& answer) noexcept;

}  // namespace hearth::gateway
