// The connection to hearthd that a cell's launcher passes on: neither the function nor what it starts sees any of it.
#pragma once

namespace hearth::server {

// Says that the function listens, where this is a cell's. Who has left since will look for the socket itself.
void tell_cell_ready();

}  // namespace hearth::server
