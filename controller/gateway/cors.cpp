#include "gateway/cors.h"

namespace hearth::gateway {

std::string_view value_of(const http::Head& head, std::string_view name) noexcept {
  for (const auto& field : head.fields) {
    if (http::same_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

std::string_view preflight_method(const http::RequestHead& request) noexcept {
  if (request.method != "OPTIONS" || value_of(request, "origin").empty()) return {};
  return value_of(request, "access-control-request-method");
}

std::string_view allowed_origin(const domain::Cors& cors, std::string_view origin) noexcept {
  for (const auto& one : cors.origins) {
    if (one == "*" || one == origin) return one;
  }
  return {};
}

bool allows_method(const domain::HttpTrigger& trigger, std::string_view method) noexcept {
  const auto& named = trigger.cors->methods;
  return named.empty() || std::ranges::find(named, method) != named.end();
}

}  // namespace hearth::gateway
