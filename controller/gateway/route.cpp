#include "gateway/route.h"

#include <algorithm>

namespace hearth::gateway {

std::optional<Route> route(std::string_view target) noexcept {
  constexpr std::string_view kFunctions = "/fn/";
  if (!is_function_path(target)) return std::nullopt;
  const auto end = std::min(target.find_first_of("/?", kFunctions.size()), target.size());
  if (end == kFunctions.size()) return std::nullopt;
  return Route{target.substr(kFunctions.size(), end - kFunctions.size()), target.substr(0, end), target.substr(end)};
}

std::string_view path_of(std::string_view target) noexcept { return target.substr(0, target.find('?')); }

}  // namespace hearth::gateway
