#include "http/blocking_bridge.h"

#include "http/characters.h"
#include "http/compose.h"
#include "http/problem.h"

#include <algorithm>

namespace hearth::http {
namespace {

using domain::Code;
using domain::Error;
using domain::Fault;
using domain::Layer;

Request owned(const RequestHead& head) {
  Request request{.method = std::string(head.method), .target = std::string(head.target), .fields = {}, .length = {}};
  for (const auto& field : head.fields) {
    auto& [name, value] = request.fields.emplace_back(field.name, field.value);
    std::ranges::transform(name, name.begin(), lower);
  }
  if (head.framing != Framing::chunked) request.length = head.length;
  return request;
}

Fault too_long(std::size_t limit) {
  return {.code = Code::invalid,
          .layer = Layer::limit,
          .message = "the request's body is longer than " + std::to_string(limit) + " bytes"};
}

}  // namespace

BlockingBridge::BlockingBridge(Exchange& exchange)
    : exchange_(exchange), request_(owned(exchange.request())), asked_(exchange.loop().wheel()) {
  exchange_.listen(this);
}

Task<> BlockingBridge::obey() {
  while (true) {
    co_await asked_.wait(kNever);
    if (wish_ == Wish::end) break;
    co_await carry_out();
    done_.release();
  }
  exchange_.listen(nullptr);
  if (phase_ == Phase::finished) co_return;
  if (exchange_.head_sent()) {
    exchange_.cut();
    co_return;
  }
  if (!fault_) fault_ = Fault{.message = "the request was left without an answer"};
  co_await exchange_.respond(*fault_);
}

Task<> BlockingBridge::carry_out() {
  fault_.reset();
  if (wish_ == Wish::read) {
    co_await read_some();
    co_return;
  }
  const bool sent = co_await exchange_.send(pieces_);
  if (!sent) fault_ = Fault{.code = Code::cancelled, .layer = Layer::client, .message = "the client left"};
}

Task<> BlockingBridge::read_some() {
  if (unread_.empty()) {
    const auto piece = co_await exchange_.read(Form::content);
    if (exchange_.body_complete()) exchange_.listen(this);
    if (piece.state == Piece::State::left) {
      fault_ = Fault{.code = Code::cancelled, .layer = Layer::client, .message = "the client left"};
    } else if (piece.state == Piece::State::too_slow) {
      fault_ = Fault{.code = Code::timeout, .layer = Layer::client, .message = "the request's body stopped coming"};
    } else if (piece.state == Piece::State::refused) {
      fault_ = Fault{.code = Code::invalid,
                     .layer = Layer::client,
                     .message = "the request's body is malformed: " + std::string(exchange_.body_refusal())};
    }
    unread_ = piece.bytes;
  }
  count_ = std::min(unread_.size(), into_.size());
  std::copy_n(unread_.begin(), count_, into_.begin());
  unread_.remove_prefix(count_);
}

void BlockingBridge::serve_with(BlockingHandler& handler) noexcept {
  std::optional<Fault> fault;
  try {
    handler.serve(*this);
  } catch (const Error& error) {
    fault = error.fault();
  } catch (const std::exception& error) {
    fault = Fault{.message = std::string("the request could not be served: ") + error.what()};
  }
  fault_ = std::move(fault);
  wish_ = Wish::end;
  exchange_.loop().post([this] { asked_.open(); });  // this may be gone from here on
}

void BlockingBridge::ask(Wish wish) {
  wish_ = wish;
  exchange_.loop().post([this] { asked_.open(); });
  done_.acquire();
  if (fault_) throw Error(*fault_);
}

std::size_t BlockingBridge::read(char* buffer, std::size_t size) {
  if (size == 0) return 0;
  into_ = {buffer, size};
  ask(Wish::read);
  return count_;
}

std::string BlockingBridge::read_all(std::size_t limit) {
  if (request_.length && *request_.length > limit) throw Error(too_long(limit));
  std::string body;
  const std::size_t step = std::min<std::size_t>(request_.length ? *request_.length + 1 : 16 << 10, 1 << 20);
  while (true) {
    const auto before = body.size();
    body.resize(before + step);
    const auto count = read(body.data() + before, step);
    body.resize(before + count);
    if (body.size() > limit) throw Error(too_long(limit));
    if (count == 0) return body;
  }
}

void BlockingBridge::send(std::string_view bytes, std::string_view more, std::string_view end) {
  const auto as_piece = [](std::string_view text) { return iovec{const_cast<char*>(text.data()), text.size()}; };
  pieces_ = {as_piece(bytes), as_piece(more), as_piece(end)};
  ask(Wish::send);
}

void BlockingBridge::respond(Response response) {
  start(response.status, std::move(response.fields), response.body.size());
  if (!response.body.empty()) write(response.body);
  finish();
}

void BlockingBridge::start(int status, Fields fields, std::optional<std::uint64_t> length) {
  head_.clear();
  compose_status(head_, status, reason_phrase(status));
  for (const auto& [name, value] : fields) compose_field(head_, name, value);
  const bool bodiless = status == 204 || status == 304;
  const auto& head = exchange_.request();
  chunked_ = !bodiless && !length && !head.http_1_0;
  if (length && !bodiless) compose_number(head_, "Content-Length", *length);
  if (chunked_) head_ += "Transfer-Encoding: chunked\r\n";
  const bool endless = !bodiless && !length && head.http_1_0;
  const bool persistent = !endless && exchange_.persistent();
  compose_connection(head_, head, persistent);
  head_ += "\r\n";
  length_left_ = bodiless ? 0 : length;
  phase_ = Phase::streaming;
  if (!persistent) exchange_.close_after();
  if (length_left_.value_or(0) == 0 || head.method == "HEAD") send(head_), head_.clear();
}

void BlockingBridge::write(std::string_view piece) {
  if (piece.empty() || request_.method == "HEAD") return;
  if (length_left_) *length_left_ -= std::min<std::uint64_t>(*length_left_, piece.size());
  if (chunked_) {
    append_chunk_size(head_, piece.size());
    send(head_, piece, "\r\n");
  } else {
    send(head_, piece);  // with the head, when that was kept back for it
  }
  head_.clear();
}

void BlockingBridge::finish() {
  if (phase_ != Phase::streaming) return;
  if (!head_.empty()) send(head_), head_.clear();
  const bool head_only = request_.method == "HEAD";
  if (chunked_ && !head_only) send("0\r\n\r\n");
  if (head_only || length_left_.value_or(0) == 0) phase_ = Phase::finished;
}

}  // namespace hearth::http
