// Which function a request is for, and what of its target the function gets to see. Pure.
#pragma once

#include "domain/routes.h"

#include <optional>
#include <string_view>

namespace hearth::gateway {

struct Route {
  std::string_view function;  // "hello" or "space.hello"
  std::string_view prefix;  // "/fn/hello"; empty where an HTTP trigger matched, since the whole path is the function's
  std::string_view rest;    // what follows it: "", "/path?query" or "?query"; neither decoded nor normalised
  const domain::RouteMatch* match = nullptr;  // of the trigger
};

// Of "/fn/NAME…"; nothing for what is no function's.
std::optional<Route> route(std::string_view target) noexcept;

// Whether the target may be a function's by its path.
inline bool is_function_path(std::string_view target) noexcept { return target.starts_with("/fn/"); }

// "/path" of "/path?query".
std::string_view path_of(std::string_view target) noexcept;

}  // namespace hearth::gateway
