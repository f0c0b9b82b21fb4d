// Which function a call is for, and every answer that is the gateway's own.
#include "gateway/call.h"
#include "gateway/cors.h"
#include "gateway/gateway.h"
#include "http/problem.h"

namespace hearth::gateway {

using domain::Code;
using domain::Fault;
using domain::Layer;

namespace {

Fault nothing_here() {
  return {.code = Code::not_found,
          .layer = Layer::client,
          .message = "nothing is served at this path",
          .hint = "functions answer at /fn/NAME and /fn/NAMESPACE.NAME, and at the routes that `fn list` shows"};
}

// For a part of hearthd: who refused, and why.
std::string refused_text(const Fault& fault) {
  auto text = std::string(name(fault.layer)) + " " + std::string(name(fault.code)) + " " + fault.message;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = ' ';
  }
  return text;
}

}  // namespace

const control::Directory::Row* Call::find_function() {
  const auto& request = exchange_.request();
  route_ = route(request.target);
  if (!route_) {
    snapshot_ = around_.functions.snapshot();
    if (snapshot_->routes.empty()) return nullptr;
    const auto path = path_of(request.target);
    if (const auto method = preflight_method(request); !method.empty()) {
      match_ = snapshot_->routes.match(request.host, method, path);
      preflight_ = cors() != nullptr;
      if (preflight_) return nullptr;
    }
    match_ = snapshot_->routes.match(request.host, request.method, path);
    if (!match_->rule) return nullptr;
    route_ = Route{.function = match_->rule->function, .prefix = {}, .rest = request.target, .match = &*match_};
  }
  return around_.functions.find(route_->function);
}

const domain::Cors* Call::cors() const noexcept {
  return match_ && match_->rule && match_->rule->trigger.cors ? &*match_->rule->trigger.cors : nullptr;
}

http::Task<> Call::answer_preflight() {
  const auto& request = exchange_.request();
  const auto& trigger = match_->rule->trigger;
  const auto origin = value_of(request, "origin");
  const auto method = preflight_method(request);
  Fault fault{
      .code = Code::denied, .layer = Layer::client, .message = {}, .hint = "cors in fn.yaml names what pages may do"};
  if (allowed_origin(*trigger.cors, origin).empty()) {
    fault.message = "pages of the origin " + std::string(origin) + " may not call this route";
  } else if (!allows_method(trigger, method)) {
    fault.message = "pages may not use " + std::string(method) + " on this route";
  }
  if (!fault.message.empty()) {
    co_await answer(403, &fault, {});
    co_return;
  }
  const auto age = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(trigger.cors->max_age).count());
  std::vector<http::OutField> fields;
  each_preflight_field(trigger, request, age, [&](std::string_view name, std::string_view value) {
    fields.push_back({name, value});
  });
  co_await answer(204, nullptr, std::move(fields));
}

http::Task<> Call::refuse_route() {
  if (match_ && match_->allowed != 0) {
    const auto methods = domain::method_names(match_->allowed);
    const Fault fault{.code = Code::invalid,
                      .layer = Layer::client,
                      .message = "this path is not served with " + std::string(exchange_.request().method),
                      .hint = "it is served with " + methods};
    std::vector<http::OutField> fields{{"Allow", methods}};
    co_await answer(405, &fault, std::move(fields));
    co_return;
  }
  auto fault = nothing_here();
  if (route_) {
    fault.message = "there is no function " + std::string(route_->function);
    fault.hint = "`fn list` names those that are deployed";
  }
  co_await refuse(std::move(fault));
}

http::Task<> Call::refuse(Fault fault) {
  const int status = domain::http_status(fault);
  std::vector<http::OutField> fields;
  std::string seconds;
  if (fault.retry_after || status == 429 || status == 503) {
    seconds = std::to_string(fault.retry_after.value_or(std::chrono::seconds{1}).count());
    fields.push_back({"Retry-After", seconds});
  }
  co_await answer(status, &fault, std::move(fields));
}

http::Task<> Call::answer(int status, const Fault* fault, std::vector<http::OutField> fields) {
  Timer::clear();
  exchange_.listen(nullptr);
  const auto times = timing();
  fields.push_back({"Hearth-Call-Id", view(id_)});
  fields.push_back({"Server-Timing", times});
  if (const auto* shared = cors()) {
    each_cors_field(*shared, exchange_.request(), [&](std::string_view name, std::string_view value) {
      fields.push_back({name, value});
    });
  }
  std::string body;
  std::string refused;
  if (fault) {
    fields.push_back({"Content-Type", http::kProblemType});
    body = http::problem(*fault, status);
    if (exchange_.ours()) fields.push_back({kRefused, refused = refused_text(*fault)});
  }
  status_ = status;
  co_await exchange_.respond(status, fields, body);
}

std::string Call::timing() const {
  std::chrono::microseconds exec{0};
  if (sent_at_ != http::Time{}) {
    exec = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - sent_at_);
  }
  std::string text;
  append_timing(text, {.hold = hold_, .exec = exec});
  return text;
}

}  // namespace hearth::gateway
