// Which function a request is for, and what of its target the function gets to see. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace hearth::gateway {

struct Route {
  std::string_view function;  // "hello" or "space.hello", as it was written
  std::string_view prefix;    // "/fn/hello"
  std::string_view rest;      // what follows it: "", "/path?query" or "?query"; neither decoded nor normalised
};

// Of "/fn/NAME…"; nothing for what is no function's.
std::optional<Route> route(std::string_view target) noexcept;

}  // namespace hearth::gateway
