// What systemd hands to a service and hears of it: sd_listen_fds(3) and sd_notify(3), of which little is needed.
#pragma once

#include "ports/host.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace hearth {

struct Sockets {
  std::vector<ports::Descriptor> gateway;
  std::vector<ports::Descriptor> api;
};

// The listening sockets that were handed to this process, by their units' FileDescriptorName= (gateway, api); empty
// where there are none. Throws domain::Error for a name that is neither. To be called once, before any thread starts.
Sockets inherited_sockets();

// Who ends, or starts anew, what takes the place of process `pid`, because that ends: "systemd", "its container"; empty
// where nobody does, and where this process has the same supervisor.
std::string supervisor_of(pid_t pid);

// Nothing happens where nobody listens.
void notify_systemd(const std::string& state);

}  // namespace hearth
