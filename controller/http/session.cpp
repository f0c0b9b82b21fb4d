#include "http/session.h"

#include "http/problem.h"

#include <exception>

namespace hearth::http {

void Sessions::stop() {
  stopping = true;
  // Each that is interrupted may end at once, and takes itself out of `open`.
  const std::vector<Session*> now(open.begin(), open.end());
  for (auto* session : now) {
    if (!open.contains(session)) continue;
    session->exchange_.close_after();
    if (session->exchange_.idle_) {
      session->exchange_.socket_.interrupt_read();
    } else if (session->exchange_.switched_) {
      session->exchange_.leave();  // it would not end by itself, and its client can connect anew
    }
  }
}

void Sessions::hand_over(Server::Give to) {
  give = std::move(to);
  const std::vector<Session*> now(open.begin(), open.end());
  for (auto* session : now) {
    if (open.contains(session) && session->exchange_.between_) session->exchange_.socket_.interrupt_read();
  }
}

void Sessions::abort() {
  stopping = true;
  const std::vector<Session*> now(open.begin(), open.end());
  for (auto* session : now) {
    if (open.contains(session)) session->exchange_.leave();
  }
}

Session::Session(Sessions& all, Passed connection)
    : all_(all), fresh_(connection.fresh), exchange_(all.loop, std::move(connection), all.limits) {
  all_.open.insert(this);
}

Session::~Session() { all_.open.erase(this); }

Task<> Session::run() {
  for (bool first = fresh_;; first = false) {
    const auto arrival = co_await exchange_.next_request(first, all_);
    if (arrival == Exchange::Arrival::moving) co_return move();
    if (arrival == Exchange::Arrival::gone) co_return;
    if (arrival == Exchange::Arrival::refused) {
      const auto& refusal = *exchange_.reader_.refusal();
      co_await refuse(refusal.status, domain::Code::invalid, refusal.reason);
      co_return;
    }
    if (arrival == Exchange::Arrival::too_slow) {
      co_await refuse(408, domain::Code::timeout, "the request's head took too long");
      co_return;
    }
    if (!co_await serve()) co_return;
  }
}

Task<bool> Session::serve() {
  std::optional<domain::Fault> failure;
  try {
    co_await all_.handler.serve(exchange_);
  } catch (const domain::Error& error) {
    failure = error.fault();
  } catch (const std::exception& error) {
    failure = domain::Fault{.message = "the request could not be served"};
    if (all_.report) all_.report(error.what());
  }
  exchange_.listen(nullptr);
  if (failure && exchange_.head_sent()) exchange_.cut();
  if (failure && !exchange_.head_sent()) co_await exchange_.respond(*failure, own_fields());
  if (exchange_.left_ || exchange_.cut_) co_return false;
  if (exchange_.persistent()) co_return true;
  co_await exchange_.linger();
  co_return false;
}

void Session::move() {
  const auto begun = std::string(exchange_.in_.data() + exchange_.begin_, exchange_.end_ - exchange_.begin_);
  all_.give({.fd = exchange_.socket_.release(), .peer = exchange_.peer_, .begun = begun});
}

std::vector<OutField> Session::own_fields() const {
  std::vector<OutField> fields;
  for (const auto& [name, value] : all_.refusal_fields) fields.push_back({name, value});
  return fields;
}

Task<> Session::refuse(int status, domain::Code code, std::string_view reason) {
  exchange_.close_after();
  const domain::Fault fault{
      .code = code, .layer = domain::Layer::client, .message = "the request was refused: " + std::string(reason)};
  const auto body = problem(fault, status);
  auto fields = own_fields();
  fields.push_back({"Content-Type", kProblemType});
  if (status == 405) fields.push_back({"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"});  // RFC 9110 §15.5.6
  if (co_await exchange_.respond(status, fields, body)) co_await exchange_.linger();
}

Task<> run_session(Sessions& all, Passed connection) {
  try {
    Session session(all, std::move(connection));
    co_await session.run();
  } catch (const std::exception& error) {
    if (all.report) all.report(error.what());
  }
  all.on_end();
}

}  // namespace hearth::http
