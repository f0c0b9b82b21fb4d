// The one table of the API: what each call is served by, whether it streams, and whether it waits.
#pragma once

#include "api/handlers.h"
#include "api/route_table.h"
#include "http/blocking.h"

#include <cstdint>
#include <variant>

namespace hearth::api {

// Whether an answer may wait for something that is to happen, which our own end cuts short.
enum class Waits : std::uint8_t { never, as_asked, always };  // as_asked: with `wait` in the query

struct Answering {
  using Handler = Response (*)(const Parts&, const Request&, const Parameters&);
  Answering(Handler handler_in, Waits waits_in = Waits::never) : handler(handler_in), waits(waits_in) {}
  bool may_wait(const Request& request) const {
    return waits == Waits::always || (waits == Waits::as_asked && request.query.contains("wait"));
  }
  Handler handler;
  Waits waits;
};
using Streaming = void (*)(const Parts&, http::BlockingExchange&, const Request&, const Parameters&);
using Routes = RouteTable<std::variant<Answering, Streaming>>;

// Exactly the calls of docs/reference/openapi.json.
Routes make_routes();

// Served without a token.
bool is_probe(std::string_view path);

// Finds the handler of a request that does not stream and runs it; 404 and 405 where there is none.
Response route(const Routes& routes, const Parts& parts, const Request& request);

}  // namespace hearth::api
