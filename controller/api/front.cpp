#include "api/front.h"

#include "api/cpprest_listener.h"
#include "api/reply.h"
#include "api/secret.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace hearth::api {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

// Longer than the longest start that a rollback waits for.
constexpr std::chrono::minutes kLongestAnswer{65};
constexpr std::array<std::string_view, 2> kConditions{"if-match", "if-none-match"};

// All fields of that name as one list (RFC 9110 §5.3).
std::string list_of(const http::Request& from, std::string_view name) {
  std::string list;
  for (const auto& [key, value] : from.fields) {
    if (key == name) list.append(list.empty() ? "" : ", ").append(value);
  }
  return list;
}

Request request_of(const http::BlockingExchange& exchange) {
  const auto& from = exchange.request();
  Request request{.method = from.method, .path = {}, .stop = exchange.stop()};
  read_target(from.target, request);
  if (const auto* type = from.field("content-type")) request.headers.emplace("content-type", *type);
  for (const auto name : kConditions) {
    if (from.field(name) == nullptr) continue;
    auto list = list_of(from, name);
    // Passed over, it would make a change that is guarded by nothing.
    if (list.empty()) throw Error(Code::invalid, Layer::client, std::string(name) + " is empty", "leave it out");
    request.headers.emplace(name, std::move(list));
  }
  return request;
}

http::Response outer(Response response) {
  return {.status = response.status, .fields = std::move(response.headers), .body = std::move(response.body)};
}

// What belongs to the hop and not to the answer.
bool is_of_the_hop(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding" || name == "connection" || name == "keep-alive" ||
         name == "date";
}

}  // namespace

// One thread that may be held for long: until the client leaves or the front ends what waits.
class Front::Waiting {
 public:
  Waiting(std::atomic<std::uint32_t>& count, std::uint32_t most, Request& request, const std::stop_token& ending)
      : count_(count), left_(request.stop, Stop{either_}), ended_(ending, Stop{either_}) {
    request.stop = either_.get_token();
    if (count_.fetch_add(1) < most) return;
    --count_;
    throw Error({.code = Code::unavailable,
                 .layer = Layer::limit,
                 .message = "too many clients follow logs, builds and states at once",
                 .hint = "end some of them, or try again in a moment",
                 .retry_after = std::chrono::seconds{1}});
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { --count_; }

 private:
  struct Stop {
    std::stop_source source;
    void operator()() { source.request_stop(); }
  };

  std::atomic<std::uint32_t>& count_;
  std::stop_source either_;
  std::stop_callback<Stop> left_;
  std::stop_callback<Stop> ended_;
};

// One long poll, from its request to its answer.
class Front::Poll {
 public:
  Poll(Front& front, Request& request)
      : front_(front), waiting_(front.waiting_, front.settings_.max_waiting, request, front.ending_.get_token()) {
    const std::scoped_lock lock(front_.mutex_);
    ++front_.polls_;
  }
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  ~Poll() {
    const std::scoped_lock lock(front_.mutex_);
    --front_.polls_;
    front_.answered_.notify_all();
  }

 private:
  Front& front_;
  Waiting waiting_;
};

Front::Front(const Routes& routes, const Parts& parts, Settings settings)
    : routes_(routes),
      parts_(parts),
      settings_(std::move(settings)),
      inner_(net::Endpoint{.base = "http://127.0.0.1:" + std::to_string(settings_.inner_port), .unix_socket = {}}) {}

void Front::end_waiting() {
  constexpr std::chrono::milliseconds kPatience{800};
  ending_.request_stop();
  std::unique_lock lock(mutex_);
  answered_.wait_for(lock, kPatience, [this] { return polls_ == 0; });
}

void Front::check_token(const http::Request& request) const {
  constexpr std::string_view kScheme = "Bearer ";
  const auto* field = request.field("authorization");
  if (field != nullptr && field->starts_with(kScheme) &&
      same_secret(std::string_view(*field).substr(kScheme.size()), settings_.token)) {
    return;
  }
  throw Error(Code::denied, Layer::client,
              field == nullptr ? "the management API wants a token" : "this is not the management API's token",
              "send Authorization: Bearer TOKEN; fn finds the token by itself where it may read the file");
}

void Front::serve(http::BlockingExchange& exchange) {
  std::optional<Request> request;
  // What is refused before anything of the answer was sent.
  const auto refused = answer([&]() -> Response {
    request = request_of(exchange);
    if (!is_probe(request->path)) check_token(exchange.request());
    return {.status = 0};
  });
  if (refused.status != 0) return exchange.respond(outer(refused));

  const auto found = routes_.find(request->method, request->path);
  const auto* match = std::get_if<Routes::Match>(&found);
  if (match == nullptr) return exchange.respond(outer(route(routes_, parts_, *request)));
  if (const auto* streaming = std::get_if<Streaming>(match->handler)) {
    const Waiting waiting(waiting_, settings_.max_waiting, *request, ending_.get_token());
    return (*streaming)(parts_, exchange, *request, match->parameters);
  }
  std::optional<Poll> poll;
  if (std::get<Answering>(*match->handler).may_wait(*request)) poll.emplace(*this, *request);
  hand_on(exchange, *request);
}

// The answer; where our own end cuts a wait short, what can be said now.
net::Response Front::await(net::Request& inner, const std::stop_token& stop, const std::stop_token& left) {
  try {
    return inner_.send(inner, stop);
  } catch (const Error&) {
    if (!ending_.stop_requested() || left.stop_requested()) throw;
  }
  if (inner.method != "GET") {
    throw Error({.code = Code::unavailable,
                 .layer = Layer::gateway,
                 .message = "this hearthd ends, and what was asked for is not done yet",
                 .hint = "look what became of it, then try again",
                 .retry_after = std::chrono::seconds{1}});
  }
  inner.target.resize(std::min(inner.target.size(), inner.target.find('?')));
  return inner_.send(inner, left);
}

void Front::hand_on(http::BlockingExchange& exchange, const Request& request) {
  net::Request inner{.method = request.method, .target = exchange.request().target};
  inner.timeout = kLongestAnswer;
  for (const auto& [name, value] : request.headers) inner.headers.emplace_back(name, value);
  inner.headers.emplace_back(CpprestListener::kSecretField, settings_.inner_secret);
  inner.body = exchange.read_all(settings_.max_body);
  auto answered = await(inner, request.stop, exchange.stop());
  http::Response response{.status = answered.status, .fields = {}, .body = std::move(answered.body)};
  for (auto& [name, value] : answered.headers) {
    if (!is_of_the_hop(name)) response.fields.emplace_back(std::move(name), std::move(value));
  }
  exchange.respond(std::move(response));
}

}  // namespace hearth::api
