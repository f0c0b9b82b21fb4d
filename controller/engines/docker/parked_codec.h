// What Docker is told of a parked network's container. Pure.
#pragma once

#include "engines/docker/codec.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace hearth::docker {

// No function's container can be called so.
std::string parked_name(const Installation& installation, std::uint64_t number);

// POST /containers/create, for a network of `kind`
nlohmann::json parked_body(const Installation& installation, const std::string& name, const std::string& image,
                           NetworkKind kind);

}  // namespace hearth::docker
