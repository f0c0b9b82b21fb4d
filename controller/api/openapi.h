// docs/reference/openapi.json, as it was when this was built.
#pragma once

#include <string_view>

namespace hearth::api {

std::string_view openapi();

}  // namespace hearth::api
