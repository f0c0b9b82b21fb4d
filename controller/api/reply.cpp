#include "api/reply.h"

#include "api/codec.h"
#include "control/spec_codec.h"
#include "http/problem.h"
#include "telemetry/log.h"

#include <exception>

namespace hearth::api {
namespace {

using domain::Fault;

Response problem_with(const Fault& fault, int status, const std::vector<domain::Complaint>& complaints) {
  Response response{.status = status, .headers = {{"Content-Type", std::string(http::kProblemType)}}};
  if (fault.retry_after) response.headers.emplace_back("Retry-After", std::to_string(fault.retry_after->count()));
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"hearth\"");
  response.body = problem_text(fault, status, complaints);
  return response;
}

}  // namespace

Response json_reply(int status, std::string body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

Response problem_reply(const Fault& fault, int status) {
  return problem_with(fault, status == 0 ? domain::http_status(fault) : status, {});
}

Response answer(const std::function<Response()>& handler) {
  try {
    return handler();
  } catch (const control::InvalidDocument& error) {
    // Its `errors` say what the detail says.
    auto fault = error.fault();
    if (!error.complaints().empty()) fault.detail.clear();
    return problem_with(fault, domain::http_status(fault), error.complaints());
  } catch (const domain::Error& error) {
    return problem_reply(error.fault());
  } catch (const std::exception& error) {
    telemetry::log::error("a request of the API failed", {{"why", error.what()}});
    return problem_reply({.code = domain::Code::internal,
                          .layer = domain::Layer::gateway,
                          .message = "hearthd failed on this request",
                          .hint = "its log says why"});
  }
}

}  // namespace hearth::api
