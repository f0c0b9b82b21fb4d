// Private to docker/.
#pragma once

#include <string>

namespace hearth::docker {

// Why a unix socket cannot be connected to, as the system's error number; 0 where it can.
int probe(const std::string& socket);

}  // namespace hearth::docker
