#include "api/codec.h"
#include "api/handlers.h"
#include "api/openapi.h"
#include "api/reply.h"
#include "api/resources.h"
#include "net/pause.h"

#include <algorithm>
#include <chrono>

namespace hearth::api {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint64_t kLongestWait = 60;  // seconds

// The number of the view that is there once the client's is old, once `wait` is over, or once nobody waits any more.
// Goes by the second, since the wait itself cannot be called off, and a function that never had a revision that was
// ready has none.
std::uint64_t await_news(const Parts& parts, const Request& request, const domain::FunctionName& name,
                         std::uint64_t seen, std::chrono::seconds wait) {
  const auto end = steady_clock::now() + wait;
  for (;;) {
    const auto until = std::min<domain::Time>(end, steady_clock::now() + 1s);
    const auto number = parts.service.await_change(name, seen, until);
    if (number != seen || steady_clock::now() >= end || request.stop.stop_requested()) return number;
    net::pause(until, request.stop);
  }
}

}  // namespace

Response get_status(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {"wait", "seen"});
  const auto name = function_of(parameters);
  const auto seen = number_of(request, "seen", 0, UINT64_MAX);
  const std::chrono::seconds wait(number_of(request, "wait", 0, kLongestWait));
  parts.service.function(name);  // refuses a name that is not there before any waiting
  // The number first: a view that is newer than its number only costs one more look.
  const auto number = await_news(parts, request, name, seen, wait);
  return json_reply(200, status_text(parts.service.view(name), number));
}

Response list_replicas(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  const auto name = function_of(parameters);
  parts.service.function(name);
  return json_reply(200, replicas_text(parts.service.view(name)));
}

Response head_package(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  space_of(parameters);
  const auto digest = digest_of(parameters);
  if (parts.packages.find(digest)) return {.status = 200};
  return problem_reply({.code = domain::Code::not_found,
                        .layer = domain::Layer::client,
                        .message = "no package " + digest + " was uploaded"});
}

Response get_info(const Parts& parts, const Request& request, const Parameters&) {
  refuse_other_parameters(request, {});
  return json_reply(200, info_text(parts.info));
}

Response get_openapi(const Parts&, const Request&, const Parameters&) {
  return json_reply(200, std::string(openapi()));
}

Response get_health(const Parts&, const Request&, const Parameters&) {
  return json_reply(200, R"({"status":"alive"})");
}

Response get_readiness(const Parts& parts, const Request&, const Parameters&) {
  auto fault = parts.info.unready();
  if (!fault) return json_reply(200, R"({"status":"ready"})");
  if (!fault->retry_after) fault->retry_after = 1s;
  return problem_reply(*fault, 503);
}

}  // namespace hearth::api
