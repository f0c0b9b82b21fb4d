#include "api/codec.h"
#include "api/handlers.h"
#include "api/preconditions.h"
#include "api/reply.h"
#include "api/resources.h"

namespace hearth::api {
namespace {

using domain::Code;
using domain::Layer;

// `application/json`, with or without parameters; nothing at all is taken for it, too.
bool is_json(std::string_view type) {
  const auto end = type.find(';');
  std::string bare(type.substr(0, end));
  while (!bare.empty() && bare.back() == ' ') bare.pop_back();
  for (auto& c : bare) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return bare.empty() || bare == "application/json";
}

Response not_json(const Request& request) {
  return problem_reply({.code = Code::invalid,
                        .layer = Layer::client,
                        .message = "the body is " + std::string(request.header("content-type")) + ", not JSON",
                        .hint = "send Content-Type: application/json"},
                       415);
}

FunctionParts parts_of(const Parts& parts, control::Versioned<domain::Function> function) {
  const auto& name = function.value.name;
  const auto shown = function.value.active != 0 ? function.value.active : function.value.latest;
  auto revision = parts.service.revision(name, shown);
  auto view = parts.service.view(name);
  auto obstacle = parts.info.obstacle_to_cells(revision);
  return {.function = std::move(function),
          .shown = std::move(revision),
          .view = std::move(view),
          .obstacle = std::move(obstacle)};
}

Response function_reply(const FunctionParts& whole, const Parts& parts) {
  auto response = json_reply(200, function_text(whole, parts.info.gateway_url));
  response.headers.emplace_back("ETag", etag(whole.function.version, response.body));
  return response;
}

// The version that a change must find, as the request's headers say.
std::optional<std::uint64_t> expected_version(const Parts& parts, const Request& request,
                                              const domain::FunctionName& name) {
  const auto precondition = read_precondition(request);
  std::uint64_t current = 0;
  if (precondition.needs_current()) {
    try {
      current = parts.service.function(name).version;
    } catch (const domain::Error& error) {
      if (error.fault().code != Code::not_found) throw;
    }
  }
  return precondition.expected(current, "function " + to_string(name));
}

}  // namespace

Response list_functions(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {"after", "limit"});
  const auto space = space_of(parameters);
  const auto limit = limit_of(request, 100, 1000);
  auto functions = parts.service.functions(space, name_given(request, "after"), limit + 1);
  std::string next;
  if (functions.size() > limit) {
    functions.resize(limit);
    next = functions.back().value.name.name;
  }
  std::vector<std::string> items;
  for (auto& function : functions) {
    try {
      items.push_back(function_text(parts_of(parts, std::move(function)), parts.info.gateway_url));
    } catch (const domain::Error& error) {
      if (error.fault().code != Code::not_found) throw;  // it was removed since it was listed
    }
  }
  return json_reply(200, list_text(items, next));
}

Response get_function(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  const auto whole = parts_of(parts, parts.service.function(function_of(parameters)));
  return function_reply(whole, parts);
}

Response put_function(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  const auto name = function_of(parameters);
  if (!is_json(request.header("content-type"))) return not_json(request);
  const auto deployment = read_deployment(request.body, name, parts.info.concurrency);
  const auto expected = expected_version(parts, request, name);
  const auto revision = parts.service.deploy(deployment.spec, deployment.package, expected, deployment.verify);
  auto response = json_reply(202, revision_text(revision));
  response.headers.emplace_back("Location", "/v1/namespaces/" + name.space + "/functions/" + name.name + "/revisions/" +
                                                std::to_string(revision.number));
  return response;
}

Response put_active(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  const auto name = function_of(parameters);
  if (!is_json(request.header("content-type"))) return not_json(request);
  const auto to = read_activation(request.body);
  const auto expected = expected_version(parts, request, name);
  const auto whole = parts_of(parts, parts.service.rollback(name, to, expected, request.stop));
  return function_reply(whole, parts);
}

Response delete_function(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  const auto name = function_of(parameters);
  const auto precondition = read_precondition(request);
  if (precondition.must_be_new) {
    throw domain::Error(Code::invalid, Layer::client, "If-None-Match: * has no meaning for a removal");
  }
  parts.service.remove(name, expected_version(parts, request, name));
  parts.logs.remove(name);
  return {.status = 204};
}

Response list_revisions(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  std::vector<std::string> items;
  for (const auto& revision : parts.service.revisions(function_of(parameters))) {
    items.push_back(revision_text(revision));
  }
  return json_reply(200, list_text(items));
}

Response get_revision(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  return json_reply(200, revision_text(parts.service.revision(function_of(parameters), revision_of(parameters))));
}

}  // namespace hearth::api
