// Whether anything of the function's own still runs while no call does: hearthd asks before it freezes the replica.
#pragma once

#include "connections.h"

#include <string>

namespace hearth::server {

// What still runs; empty: nothing does. Of one of `place`'s connections, whose own question is no call. Timers of the
// function's are threads of its own, or are looked at by one.
std::string stirring(Connections::Place& place);

}  // namespace hearth::server
