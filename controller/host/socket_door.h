// The one way to a socket that a function can replace at will. Never blocks.
#pragma once

#include "ports/host.h"

#include <string>

namespace hearth::host {

inline constexpr const char* kFunctionSocket = "fn.sock";
inline constexpr const char* kCellSocket = "cell.sock";

enum class Knock : std::uint8_t {
  open,     // connected to a process of the owner's
  absent,   // nothing is there
  refused,  // a socket, and nobody listens on it
  full,     // it listens, and its queue is full
  foreign,  // it is no socket, or another's
};

struct Knocked {
  Knock result = Knock::absent;
  ports::Descriptor connection = {};  // where open
  std::string why = {};               // where foreign
};

// Opens `socket`, a name, in `folder` without following anything that a function could put there, and connects to that
// very inode; the peer must be in the control groups of the container `owner`.
Knocked knock(int folder, const char* socket, const std::string& owner);

}  // namespace hearth::host
