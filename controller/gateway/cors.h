// What browsers are told of a trigger's `cors` (the Fetch standard, §3.2 "CORS protocol"). Pure; allocates nothing.
#pragma once

#include "domain/http_trigger.h"
#include "domain/route_pattern.h"
#include "http/characters.h"
#include "http/head.h"

#include <algorithm>
#include <string_view>

namespace hearth::gateway {

// A field by a name in lower case that nobody else acts on; empty where there is none.
std::string_view value_of(const http::Head& head, std::string_view name) noexcept;

// Whether a browser asks, before the request itself, if it may make it; which method, then.
std::string_view preflight_method(const http::RequestHead& request) noexcept;

// What stands in Access-Control-Allow-Origin for that origin: "*", the origin, or nothing.
std::string_view allowed_origin(const domain::Cors& cors, std::string_view origin) noexcept;

// Whether a page may use that method on a trigger.
bool allows_method(const domain::HttpTrigger& trigger, std::string_view method) noexcept;

// Whether the function speaks for itself.
inline bool has_own_cors(const http::ResponseHead& answer) noexcept {
  return !value_of(answer, "access-control-allow-origin").empty();
}

// Calls `use` with the name and value of each field for an answer. Of a list there is one field a member.
template <class Use>
void each_cors_field(const domain::Cors& cors, const http::RequestHead& request, Use&& use) {
  const auto origin = value_of(request, "origin");
  const auto allowed = allowed_origin(cors, origin);
  // Whoever keeps the answer must know that another origin is told something else.
  if (cors.credentials || std::ranges::find(cors.origins, "*") == cors.origins.end()) use("Vary", "Origin");
  if (origin.empty() || allowed.empty()) return;
  use("Access-Control-Allow-Origin", allowed);
  if (cors.credentials) use("Access-Control-Allow-Credentials", "true");
  for (const auto& name : cors.expose) use("Access-Control-Expose-Headers", std::string_view{name});
}

// The rest of the answer to a preflight that is allowed. `age` is max_age in seconds.
template <class Use>
void each_preflight_field(const domain::HttpTrigger& trigger, const http::RequestHead& request, std::string_view age,
                          Use&& use) {
  const auto& cors = *trigger.cors;
  const auto& methods = cors.methods.empty() ? trigger.methods : cors.methods;
  for (const auto& name : methods) use("Access-Control-Allow-Methods", std::string_view{name});
  if (methods.empty()) use("Access-Control-Allow-Methods", preflight_method(request));
  const auto asked = value_of(request, "access-control-request-headers");
  for (const auto& name : cors.headers) use("Access-Control-Allow-Headers", std::string_view{name});
  if (cors.headers.empty() && !asked.empty()) use("Access-Control-Allow-Headers", asked);
  use("Access-Control-Max-Age", age);
  use("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers");
}

}  // namespace hearth::gateway
