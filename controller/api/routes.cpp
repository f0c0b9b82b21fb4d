#include "api/routes.h"

#include "api/preconditions.h"
#include "api/reply.h"
#include "api/streams.h"

namespace hearth::api {
namespace {

Response no_such_path(const Request& request) {
  return problem_reply({.code = domain::Code::not_found,
                        .layer = domain::Layer::client,
                        .message = "the API has no " + request.path,
                        .hint = "its calls begin with /v1/"});
}

Response no_such_method(const Request& request, const std::string& allow) {
  if (request.method == "OPTIONS") return {.status = 204, .headers = {{"Allow", allow}}};
  auto response = problem_reply({.code = domain::Code::invalid,
                                 .layer = domain::Layer::client,
                                 .message = request.method + " is not for " + request.path,
                                 .hint = "it takes " + allow},
                                405);
  response.headers.emplace_back("Allow", allow);
  return response;
}

}  // namespace

Routes make_routes() {
  Routes routes;
  routes.add("GET", "/healthz", get_health);
  routes.add("GET", "/readyz", get_readiness);
  routes.add("GET", "/openapi.json", get_openapi);
  routes.add("GET", "/metrics", get_metrics);
  routes.add("GET", "/v1/info", get_info);
  routes.add("GET", "/v1/namespaces/{ns}/functions", list_functions);
  routes.add("GET", "/v1/namespaces/{ns}/functions/{name}", get_function);
  routes.add("PUT", "/v1/namespaces/{ns}/functions/{name}", put_function);
  routes.add("DELETE", "/v1/namespaces/{ns}/functions/{name}", delete_function);
  routes.add("PUT", "/v1/namespaces/{ns}/functions/{name}/active", Answering{put_active, Waits::always});
  routes.add("GET", "/v1/namespaces/{ns}/functions/{name}/revisions", list_revisions);
  routes.add("GET", "/v1/namespaces/{ns}/functions/{name}/revisions/{n}", get_revision);
  routes.add("GET", "/v1/namespaces/{ns}/functions/{name}/revisions/{n}/build", get_build);
  routes.add("GET", "/v1/namespaces/{ns}/functions/{name}/status", Answering{get_status, Waits::as_asked});
  routes.add("GET", "/v1/namespaces/{ns}/functions/{name}/replicas", list_replicas);
  routes.add("GET", "/v1/namespaces/{ns}/functions/{name}/logs", get_logs);
  routes.add("GET", "/v1/namespaces/{ns}/usage", list_usage);
  routes.add("GET", "/v1/namespaces/{ns}/functions/{name}/calls", get_calls);
  routes.add("GET", "/v1/namespaces/{ns}/calls", list_calls);
  routes.add("POST", "/v1/namespaces/{ns}/calls/redrive", redrive_calls);
  routes.add("GET", "/v1/namespaces/{ns}/calls/{id}", get_call);
  routes.add("GET", "/v1/namespaces/{ns}/calls/{id}/body", get_call_body);
  routes.add("GET", "/v1/namespaces/{ns}/calls/{id}/result", get_call_result);
  routes.add("POST", "/v1/namespaces/{ns}/calls/{id}/cancel", cancel_call);
  routes.add("POST", "/v1/namespaces/{ns}/calls/{id}/redrive", redrive_call);
  routes.add("HEAD", "/v1/namespaces/{ns}/packages/{digest}", head_package);
  routes.add("PUT", "/v1/namespaces/{ns}/packages/{digest}", put_package);
  return routes;
}

bool is_probe(std::string_view path) { return path == "/healthz" || path == "/readyz"; }

Response route(const Routes& routes, const Parts& parts, const Request& request) {
  return answer([&]() -> Response {
    const auto found = routes.find(request.method, request.path);
    if (const auto* missing = std::get_if<NoSuchMethod>(&found)) return no_such_method(request, missing->allow);
    if (std::holds_alternative<NoSuchPath>(found)) return no_such_path(request);
    const auto& match = std::get<Routes::Match>(found);
    const auto* answering = std::get_if<Answering>(match.handler);
    // What streams is served at the front and never asked for here.
    if (answering == nullptr) return no_such_path(request);
    auto response = answering->handler(parts, request, match.parameters);
    const bool only_read = request.method == "GET" || request.method == "HEAD";
    return only_read ? unless_known(request, std::move(response)) : response;
  });
}

}  // namespace hearth::api
