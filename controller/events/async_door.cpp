#include "events/async_door.h"

#include "control/call_content.h"
#include "domain/head_text.h"
#include "events/call_names.h"
#include "events/submission.h"
#include "http/exchange.h"
#include "http/gate.h"
#include "http/problem.h"

#include <future>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hearth::events {

using domain::Code;
using domain::Error;
using domain::Fault;
using domain::Layer;

namespace {

constexpr std::size_t kInline = 64 << 10;  // a body that is kept with its call; a larger one is a file

Fault too_long(std::uint64_t longest) {
  return {.code = Code::invalid,
          .layer = Layer::limit,
          .message = "the body is longer than a stored call's may be: " + domain::to_string(domain::Bytes{longest}),
          .hint = "raise `async_body` of hearthd, or send where the data is"};
}

Fault no_function(std::string_view name) {
  return {.code = Code::not_found,
          .layer = Layer::client,
          .message = "there is no function " + std::string(name),
          .hint = "`fn list` names those that are deployed"};
}

Fault no_call(std::string_view id) {
  return {.code = Code::not_found,
          .layer = Layer::client,
          .message = "there is no call " + std::string(id),
          .hint = "calls that ended are forgotten after a while: see `async_keep` of hearthd"};
}

Fault not_over(const ports::CallRecord& record) {
  Fault fault{
      .code = Code::not_found,
      .layer = Layer::client,
      .message = "the call " + record.summary.id + " has no answer: it is " + std::string(name(record.summary.state)),
      .hint = "/async/" + record.summary.id + " says how it stands"};
  // What has ended without one will have none later either.
  if (record.summary.state == domain::CallState::queued) fault.retry_after = std::chrono::seconds{1};
  return fault;
}

domain::FunctionName function_of(std::string_view name) {
  const auto dot = name.find('.');
  if (dot == name.npos) return {.name = std::string(name)};
  return {.space = std::string(name.substr(0, dot)), .name = std::string(name.substr(dot + 1))};
}

Fault fault_of(const http::Piece& piece, const http::Exchange& exchange) {
  if (piece.state == http::Piece::State::refused) {
    return {.code = Code::invalid,
            .layer = Layer::client,
            .message = "the request's body is malformed: " + std::string(exchange.body_refusal())};
  }
  return {.code = Code::timeout, .layer = Layer::client, .message = "the request's body stopped coming"};
}

std::vector<http::OutField> receipt_fields(const Receipt& told, const std::string& id) {
  return {{"Location", told.location}, {"Hearth-Call-Id", id}, {"Content-Type", "application/json"}};
}

}  // namespace

struct AsyncDoor::Parts {
  control::DurableCalls& calls;
  const control::Directory& directory;
  const ports::Clock& clock;
  const Settings settings;
  http::BlockingPlaces places;
};

namespace {

// How a call stands, and its answer.
class Look final : public http::BlockingHandler {
 public:
  Look(ports::CallStore& store, std::string id, bool result) : store_(store), id_(std::move(id)), result_(result) {}

  void serve(http::BlockingExchange& exchange) override {
    const auto record = store_.get(id_);
    if (!record) throw Error(no_call(id_));
    if (!result_) {
      return exchange.respond(
          {.status = 200, .fields = {{"Content-Type", "application/json"}}, .body = standing(*record)});
    }
    if (!record->answer) throw Error(not_over(*record));
    respond(exchange, *record->answer);
  }

 private:
  void respond(http::BlockingExchange& exchange, const ports::Answer& answer) const {
    control::CallContent bytes(store_, answer.body);
    const auto head = domain::read_head_text(answer.head);
    http::Fields fields;
    for (const auto& [name, value] : head.fields) fields.emplace_back(name, value);
    fields.emplace_back("Hearth-Call-Id", id_);
    exchange.start(answer.status, std::move(fields), answer.body.size);
    bytes.read([&](std::string_view piece) { exchange.write(piece); });
    exchange.finish();
  }

  ports::CallStore& store_;
  const std::string id_;
  const bool result_;
};

// Takes in a large body; `begun` came before it was known to be one.
class LargeSubmission final : public http::BlockingHandler {
 public:
  LargeSubmission(control::DurableCalls& calls, ports::NewCall call, std::string begun, std::uint64_t longest,
                  std::string function)
      : calls_(calls),
        call_(std::move(call)),
        begun_(std::move(begun)),
        longest_(longest),
        function_(std::move(function)) {}

  void serve(http::BlockingExchange& exchange) override {
    const auto file = calls_.store().make_body();
    file->write(begun_);
    std::uint64_t size = begun_.size();
    std::string piece(256 << 10, '\0');
    while (const auto count = exchange.read(piece.data(), piece.size())) {
      size += count;
      if (size > longest_) throw Error(too_long(longest_));
      file->write({piece.data(), count});
    }
    call_.body = file->commit();
    std::promise<std::variant<std::string, Fault>> told;
    calls_.submit(std::move(call_), [&told](const auto& answer) { told.set_value(answer); });
    const auto answer = told.get_future().get();
    if (const auto* fault = std::get_if<Fault>(&answer)) throw Error(*fault);
    const auto& id = std::get<std::string>(answer);
    const auto says = receipt(id, function_);
    http::Fields fields;
    for (const auto& field : receipt_fields(says, id)) fields.emplace_back(field.name, field.value);
    exchange.respond({.status = 202, .fields = std::move(fields), .body = says.body});
  }

 private:
  control::DurableCalls& calls_;
  ports::NewCall call_;
  const std::string begun_;
  const std::uint64_t longest_;
  const std::string function_;
};

}  // namespace

// Small bodies never leave the loop: what is stored is handed to the store, and the answer sent when that has told.
class AsyncHandler final : public http::Handler {
 public:
  AsyncHandler(AsyncDoor::Parts& parts, http::Loop& loop) : parts_(parts), loop_(loop), functions_(parts.directory) {}

  http::Task<> serve(http::Exchange& exchange) override {
    const auto& request = exchange.request();
    const auto target = async_target(request.target);
    if (!target) {
      const Fault nothing{.code = Code::not_found,
                          .layer = Layer::client,
                          .message = "nothing is served at this path",
                          .hint = "POST /async/NAME stores a call of a function; GET /async/ID tells of one"};
      co_await exchange.respond(nothing);
    } else if (request.method == "GET" || request.method == "HEAD") {
      co_await look(exchange, *target);
    } else {
      co_await submit(exchange, *target);
    }
  }

 private:
  http::Task<> look(http::Exchange& exchange, AsyncTarget target) {
    const bool result = target.rest == "/result";
    if (!domain::is_call_id(target.name) || (!result && !target.rest.empty())) {
      auto fault = no_call(target.name);
      fault.hint = "GET /async/ID tells of a call, GET /async/ID/result has its answer; a call is stored by POST";
      co_await exchange.respond(fault);
      co_return;
    }
    Look handler(parts_.calls.store(), std::string(target.name), result);
    co_await parts_.places.serve(exchange, handler);
  }

  http::Task<> submit(http::Exchange& exchange, AsyncTarget target) {
    const auto& request = exchange.request();
    if (!functions_.find(target.name)) {
      const auto fault = no_function(target.name);
      co_await exchange.respond(fault);
      co_return;
    }
    const auto longest = parts_.settings.longest_body;
    if (request.framing == http::Framing::length && request.length > longest) {
      const auto fault = too_long(longest);
      co_await exchange.respond(fault);
      co_return;
    }
    const auto now = parts_.clock.wall_now();
    ports::NewCall call{.id = names_.next(now),
                        .key = {},
                        .function = function_of(target.name),
                        .trigger = "http",
                        .accepted = now,
                        .due = now,
                        .head = stored_head(request, target, exchange.peer()),
                        .body = {}};
    std::string body;
    std::optional<Fault> fault;
    bool large = request.framing == http::Framing::length && request.length > kInline;
    while (!large) {
      const auto piece = co_await exchange.read(http::Form::content);
      if (piece.state == http::Piece::State::end) break;
      if (piece.state == http::Piece::State::left) {
        exchange.cut();
        co_return;
      }
      if (piece.state != http::Piece::State::some) {
        fault = fault_of(piece, exchange);
        break;
      }
      body += piece.bytes;
      large = body.size() > kInline;
    }
    if (fault) {
      co_await exchange.respond(*fault);
    } else if (large) {
      LargeSubmission handler(parts_.calls, std::move(call), std::move(body), longest, std::string(target.name));
      co_await parts_.places.serve(exchange, handler);
    } else {
      call.body = {.bytes = std::move(body), .file = {}, .size = 0};
      call.body.size = call.body.bytes.size();
      co_await store(exchange, std::move(call), target.name);
    }
  }

  http::Task<> store(http::Exchange& exchange, ports::NewCall call, std::string_view function) {
    http::Gate stored(loop_.wheel());
    std::variant<std::string, Fault> answer;
    parts_.calls.submit(std::move(call), [this, &stored, &answer](const auto& told) {
      loop_.post([&stored, &answer, told] {
        answer = told;
        stored.open();
      });
    });
    // Whoever leaves meanwhile has a call all the same; the store tells soon, whatever happens.
    co_await stored.wait(http::kNever);
    if (const auto* fault = std::get_if<Fault>(&answer)) {
      co_await exchange.respond(*fault);
      co_return;
    }
    const auto& id = std::get<std::string>(answer);
    const auto says = receipt(id, function);
    const auto fields = receipt_fields(says, id);
    co_await exchange.respond(202, fields, says.body);
  }

  AsyncDoor::Parts& parts_;
  http::Loop& loop_;
  control::Directory::Reader functions_;
  CallNames names_;
};

AsyncDoor::AsyncDoor(control::DurableCalls& calls, const control::Directory& directory, const ports::Clock& clock,
                     Settings settings)
    : parts_(new Parts{calls, directory, clock, settings, {settings.threads, settings.most}}) {}
AsyncDoor::~AsyncDoor() = default;

std::unique_ptr<http::Handler> AsyncDoor::make_handler(http::Loop& loop) {
  return std::make_unique<AsyncHandler>(*parts_, loop);
}

}  // namespace hearth::events
