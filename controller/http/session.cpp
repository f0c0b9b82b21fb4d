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

void Sessions::abort() {
  stopping = true;
  const std::vector<Session*> now(open.begin(), open.end());
  for (auto* session : now) {
    if (open.contains(session)) session->exchange_.leave();
  }
}

Session::Session(Sessions& all, int fd, std::string peer)
    : all_(all), exchange_(all.loop, fd, std::move(peer), all.limits) {
  all_.open.insert(this);
}

Session::~Session() { all_.open.erase(this); }

Task<> Session::run() {
  for (bool first = true;; first = false) {
    const auto arrival = co_await exchange_.next_request(first, all_.stopping);
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

Task<> run_session(Sessions& all, int fd, std::string peer) {
  try {
    Session session(all, fd, std::move(peer));
    co_await session.run();
  } catch (const std::exception& error) {
    if (all.report) all.report(error.what());
  }
  all.on_end();
}

}  // namespace hearth::http
