// One connection's calls, in order. Blocks, on the connection's thread.
#pragma once

#include "connections.h"
#include "hearth.h"

namespace hearth::server {

// What all calls of the process have in common.
struct Process {
  std::string function;
  std::string name_space;
  int revision = 0;
  std::chrono::milliseconds timeout{30'000};  // where a call does not bring its own
};
Process read_process();  // from the environment

void serve(Socket& socket, Connections::Place& place, const Process& process);

}  // namespace hearth::server
