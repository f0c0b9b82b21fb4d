// Durable calls: looked at, cancelled, redriven.
#include "api/call_codec.h"
#include "api/codec.h"
#include "api/handlers.h"
#include "api/reply.h"
#include "api/resources.h"

namespace hearth::api {
namespace {

using domain::CallState;
using domain::Code;
using domain::Error;
using domain::Layer;

// What a filter in a body would narrow must not be passed over.
void refuse_body(const Request& request) {
  if (request.body.empty()) return;
  throw Error(Code::invalid, Layer::client, "this takes no body", "what it is for stands in the URL and its query");
}

ports::CallStore::Filter filter_of(const Request& request, const Parameters& parameters) {
  ports::CallStore::Filter filter{.space = space_of(parameters)};
  if (const auto function = name_given(request, "function"); !function.empty()) {
    filter.function = domain::FunctionName{.space = filter.space, .name = function};
  }
  const auto state = request.query.find("state");
  if (state == request.query.end()) return filter;
  filter.state = domain::parse_call_state(state->second);
  if (filter.state) return filter;
  throw Error(Code::invalid, Layer::client, "the parameter state is \"" + state->second + "\", which no call has",
              "it is queued, succeeded, dead or cancelled");
}

std::string after_of(const Request& request) {
  const auto found = request.query.find("after");
  if (found == request.query.end()) return {};
  if (domain::is_call_id(found->second)) return found->second;
  throw Error(Code::invalid, Layer::client, "the parameter after is not the `next` of a page of calls");
}

// Why a call that is in `state` cannot be cancelled or redriven.
Error not_while(const std::string& id, CallState state, std::string hint) {
  return {Code::conflict, Layer::client, "the call " + id + " is " + std::string(name(state)), std::move(hint)};
}

std::string hint_against_redrive(CallState state) {
  if (state == CallState::queued) return "it will be tried without that; cancel it first to have it start anew";
  return "only dead and cancelled calls run again; send the request as a new call";
}

}  // namespace

Response list_calls(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {"function", "state", "after", "limit"});
  const auto filter = filter_of(request, parameters);
  const auto limit = limit_of(request, 100, 1000);
  auto calls = parts.calls.store().list(filter, after_of(request), limit + 1);
  std::string next;
  if (calls.size() > limit) {
    calls.resize(limit);
    next = calls.back().id;
  }
  std::vector<std::string> items;
  for (const auto& call : calls) items.push_back(call_summary_text(call));
  return json_reply(200, list_text(items, next));
}

Response get_call(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  return json_reply(200, call_text(call_of(parts, parameters)));
}

Response cancel_call(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  refuse_body(request);
  const auto id = call_of(parts, parameters).summary.id;
  const bool cancelled = parts.calls.cancel(id);
  const auto call = call_of(parts, parameters);
  if (!cancelled) throw not_while(id, call.summary.state, "it has ended: there is nothing left to cancel");
  return json_reply(200, call_text(call));
}

Response redrive_call(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {});
  refuse_body(request);
  const auto id = call_of(parts, parameters).summary.id;
  const bool redriven = parts.calls.redrive(id);
  const auto call = call_of(parts, parameters);
  if (!redriven) throw not_while(id, call.summary.state, hint_against_redrive(call.summary.state));
  return json_reply(200, call_text(call));
}

Response redrive_calls(const Parts& parts, const Request& request, const Parameters& parameters) {
  refuse_other_parameters(request, {"function", "state", "after", "limit"});
  refuse_body(request);
  auto filter = filter_of(request, parameters);
  if (!filter.state) filter.state = CallState::dead;
  if (filter.state != CallState::dead && filter.state != CallState::cancelled) {
    throw Error(Code::invalid, Layer::client,
                "calls that are " + std::string(name(*filter.state)) + " are not redriven",
                "the parameter state is dead, or cancelled");
  }
  const auto redriven = parts.calls.redrive(filter, after_of(request), limit_of(request, 100, 1000));
  return json_reply(200, redriven_text(redriven.count, redriven.next));
}

}  // namespace hearth::api
