// A package as it is streamed to a cell: a tar of what an image has in /function, read-only for whoever unpacks it.
// Blocks.
#pragma once

#include "engines/docker/tar.h"

#include <string>

namespace hearth::docker {

// What lies below `folder` of `from`, written to `to`; the room that it takes unpacked. Where that is more than `most`
// it stops there, and what was written is of no use.
domain::Bytes write_package(TarReader& from, const std::string& folder, int to, domain::Bytes most);

// The same of a tar that was written before, from where the descriptor stands.
domain::Bytes room_of_package(int descriptor);

}  // namespace hearth::docker
