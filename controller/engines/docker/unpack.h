// A tar's entries as files of this machine. Blocks.
#pragma once

#include "engines/docker/tar.h"

#include <filesystem>
#include <string>

namespace hearth::docker {

// What lies below `folder` in the tar, into the empty folder `into`: readable by all, writable by us. Throws
// domain::Error where the tar or the disk refuses.
void unpack(TarReader& from, const std::string& folder, const std::filesystem::path& into);

}  // namespace hearth::docker
