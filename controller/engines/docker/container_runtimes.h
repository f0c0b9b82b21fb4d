// The programs that Docker can run containers by: runc, and what its administrator registered.
#pragma once

#include "engines/docker/api.h"

#include <stop_token>
#include <string>
#include <vector>

namespace hearth::docker {

// GET /info: the names, in order.
std::vector<std::string> read_container_runtimes(const nlohmann::json& info);

// Throws `invalid` where Docker does not know `name`, with those that it does. Blocks.
void check_container_runtime(Api& api, const std::string& name, std::stop_token stop);

}  // namespace hearth::docker
