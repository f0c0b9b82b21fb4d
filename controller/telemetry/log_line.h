// One line of a function's output as it is kept and shown: a JSON object and its newline. Pure.
#pragma once

#include "ports/engine.h"

#include <string>
#include <string_view>

namespace hearth::telemetry {

// {"time":"…Z","replica":"…","stream":"stdout|stderr","call":"…","text":"…"}; `call` only where the line began with
// 0x1F, a call id, 0x1F (docs/reference/container.md), which is taken off. Text beyond 64 KiB is left out, and said so.
std::string format_line(const ports::LogLine& line);

// Our own word in a function's log: stream "hearth", no replica.
std::string format_notice(domain::WallTime time, std::string_view text);

struct MarkedText {
  std::string_view call;  // empty: none
  std::string_view text;
};
MarkedText split_marker(std::string_view text);

}  // namespace hearth::telemetry
