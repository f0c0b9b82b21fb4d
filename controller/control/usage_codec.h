// A function's usage of a day as the store keeps it. Pure; any thread.
#pragma once

#include "domain/usage.h"

#include <string>
#include <string_view>

namespace hearth::control {

std::string encode_usage(const domain::Usage& usage);
domain::Usage decode_usage(std::string_view json);  // throws InvalidDocument

}  // namespace hearth::control
