#include "gateway/call.h"

#include "control/faults.h"
#include "gateway/handshake.h"

#include <utility>

namespace hearth::gateway {
namespace {

using domain::Code;
using domain::Fault;
using domain::Layer;

constexpr int kTries = 3;  // replicas that die under a call before any of it was sent

// A part of hearthd that makes a call has a name for it.
CallIds::Text id_of(const http::Exchange& exchange, CallIds& ids) {
  auto id = ids.next();
  const auto* given = exchange.ours() ? exchange.request().find(http::FieldId::hearth_call_id) : nullptr;
  if (given && given->value.size() == id.size()) given->value.copy(id.data(), id.size());
  return id;
}

}  // namespace

Call::Call(Surroundings& around, http::Exchange& exchange)
    : Timer(around.loop.wheel()),
      around_(around),
      exchange_(exchange),
      id_(id_of(exchange, around.ids)),
      gate_(around.loop.wheel()) {}

Call::~Call() {
  if (route_ && around_.dispatcher.calls().is_wanted()) tell_of();
}

// Somebody looks on.
void Call::tell_of() const {
  const auto took = std::chrono::steady_clock::now() - exchange_.arrived();
  around_.dispatcher.calls().add(route_->function,
                                 {.id = std::string(view(id_)),
                                  .method = std::string(exchange_.request().method),
                                  .target = std::string(route_->rest),
                                  .status = status_,
                                  .took = std::chrono::duration_cast<std::chrono::microseconds>(took)});
}

http::Task<> Call::run() {
  const auto* row = find_function();
  if (preflight_) {
    co_await answer_preflight();
    co_return;
  }
  if (!row) {
    co_await refuse_route();
    co_return;
  }
  auto fault = admit(*row);
  if (fault) {
    around_.dispatcher.count(row->handle, domain::Ending::bad_request);
    co_await refuse(std::move(*fault));
    co_return;
  }
  web_socket_ = asks_for_web_socket(exchange_.request());
  deadline_ = exchange_.arrived() + row->timeout;
  body_limit_ = exchange_.ours() ? ~0ull : row->body.count;  // who stored it has looked
  Timer::set(deadline_);
  Try result = Try::not_sent;
  take_first_piece();
  if (abort_ != Abort::none) around_.dispatcher.count(row->handle, abort_ending());
  for (int tries = 1; abort_ == Abort::none; ++tries) {
    const auto ticket = ask_for_lease(row->handle);
    if (ticket) co_await await_lease(*ticket);
    if (!lease_) break;
    result = co_await attempt();
    if (result != Try::not_sent || tries == kTries) break;
    // Most likely it has just died: once that is known, its slots are granted no more.
    connect_fault_ = co_await reason();
    if (abort_ != Abort::none) break;
    row = around_.functions.find(route_->function);  // it may have been removed meanwhile
    if (!row) break;
    connect_fault_ = {};
    lease_.try_another(control::Outcome::broken);
  }
  if (abort_ != Abort::none) {
    co_await answer_abort();
  } else if (refusal_) {
    co_await refuse(std::move(*refusal_));
  } else if (result != Try::answered && exchange_.head_sent()) {
    lease_.finish(control::Outcome::broken);
    exchange_.cut();
  } else if (result != Try::answered) {
    auto why = co_await reason();
    lease_.finish(control::Outcome::broken);
    co_await refuse(std::move(why));
  }
}

std::optional<Fault> Call::admit(const control::Directory::Row& row) const {
  const auto& request = exchange_.request();
  if (exchange_.ours() || request.framing != http::Framing::length || request.length <= row.body.count) {
    return std::nullopt;
  }
  return Fault{.code = Code::invalid,
               .layer = Layer::limit,
               .message = "the body is " + std::to_string(request.length) + " bytes; the function takes at most " +
                          domain::to_string(row.body),
               .hint = "raise limits.body in fn.yaml"};
}

// Takes what of the body is here off the connection, so that the client's leaving can be seen behind it.
void Call::take_first_piece() {
  const auto more = exchange_.buffered(http::Form::raw);
  if (more.state == http::Piece::State::refused) abort_ = Abort::bad_body;
  if (more.state == http::Piece::State::some) {
    // Nobody has read in between: it follows upon what came before.
    const auto* begin = first_piece_.empty() ? more.bytes.data() : first_piece_.data();
    first_piece_ = {begin, first_piece_.size() + more.bytes.size()};
  }
  if (exchange_.body_read() > body_limit_) abort_ = Abort::large_body;
}

// A lease at once, a refusal, or a ticket to wait with; `function` need not live on then.
std::optional<control::Ticket> Call::ask_for_lease(const control::FunctionHandle& function) {
  auto answer = around_.dispatcher.acquire(function, deadline_, around_.loop.thread(), *this);
  if (auto* lease = std::get_if<control::Lease>(&answer)) {
    lease_ = std::move(*lease);
    hold_ = lease_.times();
    return std::nullopt;
  }
  if (auto* fault = std::get_if<Fault>(&answer)) {
    refusal_ = std::move(*fault);
    return std::nullopt;
  }
  return std::get<control::Ticket>(std::move(answer));
}

// Until there is a lease, a refusal or an abort.
http::Task<> Call::await_lease(const control::Ticket& ticket) {
  exchange_.listen(this);
  at_ = At::lease;
  while (abort_ == Abort::none && !lease_ && !refusal_) co_await gate_.wait(http::kNever);
  at_ = At::nothing;
  gate_.allow();
  if (lease_) {
    hold_ = lease_.times();
  } else {
    const auto held = std::chrono::steady_clock::now() - exchange_.arrived();
    hold_.held = std::chrono::duration_cast<std::chrono::microseconds>(held);
  }
  if (lease_ && abort_ == Abort::none && sent_at_ == http::Time{}) take_first_piece();
  if (abort_ == Abort::none) co_return;
  if (abort_ == Abort::deadline) held_fault_ = around_.dispatcher.held_too_long(ticket.function);
  // What is being granted at this very moment arrives all the same, and is given back.
  const bool cancelled = lease_ || refusal_ || around_.dispatcher.cancel(ticket, abort_ending());
  while (!cancelled && !lease_ && !refusal_) co_await gate_.wait(http::kNever);
  lease_.finish(control::Outcome::completed, abort_ending());
}

void Call::granted(control::Lease lease) noexcept {
  around_.loop.post([this, lease = std::move(lease)]() mutable {
    lease_ = std::move(lease);
    gate_.open();
  });
}

void Call::refused(Fault fault) noexcept {
  around_.loop.post([this, fault = std::move(fault)]() mutable {
    refusal_ = std::move(fault);
    gate_.open();
  });
}

void Call::abort(Abort why) {
  if (abort_ != Abort::none) return;
  abort_ = why;
  switch (at_) {
    case At::nothing: break;
    case At::lease:
    case At::upload: gate_.interrupt(); break;
    case At::upstream_read: upstream_->socket().interrupt_read(); break;
    case At::upstream_write: upstream_->socket().interrupt_write(); break;
    case At::client: exchange_.stop_sending(); break;
  }
}

control::Outcome Call::abort_outcome() const {
  return abort_ == Abort::deadline ? control::Outcome::timed_out : control::Outcome::cancelled;
}

domain::Ending Call::abort_ending() const {
  if (abort_ == Abort::left) return domain::Ending::left;
  if (abort_ != Abort::deadline) return domain::Ending::bad_request;
  // Held until its end, it never reached the function.
  if (sent_at_ != http::Time{}) return domain::Ending::timed_out;
  return held_fault_ ? domain::refused_by(held_fault_->layer) : domain::Ending::refused_by_gateway;
}

Fault Call::abort_fault() const {
  switch (abort_) {
    case Abort::deadline:
      if (sent_at_ == http::Time{}) return held_fault_.value_or(control::held_to_its_deadline(route_->function));
      return {.code = Code::timeout,
              .layer = Layer::function,
              .message = "the function did not answer before the call's deadline",
              .hint = "raise limits.timeout in fn.yaml, or look at `fn logs`"};
    case Abort::bad_body:
      return {.code = Code::invalid,
              .layer = Layer::client,
              .message = "the request's body is malformed: " + std::string(exchange_.body_refusal())};
    case Abort::slow_body:
      return {.code = Code::timeout, .layer = Layer::client, .message = "the request's body stopped coming"};
    case Abort::large_body:
      return {.code = Code::invalid,
              .layer = Layer::limit,
              .message = "the body is longer than the function takes: " + domain::to_string(domain::Bytes{body_limit_}),
              .hint = "raise limits.body in fn.yaml"};
    case Abort::left:
    case Abort::none: break;
  }
  return {.code = Code::cancelled, .layer = Layer::client, .message = "the client left"};
}

http::Task<> Call::answer_abort() {
  lease_.finish(abort_outcome(), abort_ending());
  if (abort_ == Abort::left || exchange_.left() || exchange_.head_sent()) {
    exchange_.cut();
    co_return;
  }
  co_await refuse(abort_fault());
}

http::Task<Fault> Call::reason() {
  Fault fault = std::move(connect_fault_);
  if (fault.message.empty()) {
    fault = {.code = Code::unavailable,
             .layer = Layer::function,
             .message = malformed_.empty() ? "the function closed the connection before it answered"
                                           : "the function's answer is not HTTP/1.1: " + malformed_};
  }
  if (!malformed_.empty() || !lease_) co_return fault;
  std::optional<Fault> known;
  bool told = false;
  around_.dispatcher.explain(lease_, around_.explain_patience, [this, &known, &told](std::optional<Fault> why) {
    around_.loop.post([this, &known, &told, why = std::move(why)]() mutable {
      known = std::move(why);
      told = true;
      gate_.open();
    });
  });
  gate_.allow();
  while (!told) co_await gate_.wait(http::kNever);  // bounded by the patience
  if (known) fault = std::move(*known);
  co_return fault;
}

}  // namespace hearth::gateway
