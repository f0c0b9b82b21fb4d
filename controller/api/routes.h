// The one table of the API: what each call is served by, and whether it streams.
#pragma once

#include "api/handlers.h"
#include "api/route_table.h"
#include "http/blocking.h"

#include <variant>

namespace hearth::api {

using Answering = Response (*)(const Parts&, const Request&, const Parameters&);
using Streaming = void (*)(const Parts&, http::BlockingExchange&, const Request&, const Parameters&);
using Routes = RouteTable<std::variant<Answering, Streaming>>;

// Exactly the calls of docs/reference/openapi.json.
Routes make_routes();

// Served without a token.
bool is_probe(std::string_view path);

// Finds the handler of a request that does not stream and runs it; 404 and 405 where there is none.
Response route(const Routes& routes, const Parts& parts, const Request& request);

}  // namespace hearth::api
