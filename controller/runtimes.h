// The runtimes that this hearthd brings, as their template.yaml files tell.
#pragma once

#include "engines/docker/runtime_images.h"

#include <filesystem>
#include <vector>

namespace hearth {

// One of each folder in `templates` that has a template.yaml with `bases`. Throws domain::Error with file, line and
// column for what cannot be understood, and for a launcher that is asked for and not beside this program.
std::vector<docker::Runtime> read_runtimes(const std::filesystem::path& templates);

}  // namespace hearth
