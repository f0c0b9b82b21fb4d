// One try of a call with the replica that it has a lease of: connection, request, the head of the answer.
#include "gateway/call.h"
#include "gateway/handshake.h"
#include "http/passing.h"

#include <array>
#include <cstring>
#include <utility>

namespace hearth::gateway {
namespace {

constexpr int kMaxInterim = 32;  // answers 1xx before the real one

iovec piece_of(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

// RFC 9110 §9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

}  // namespace

http::Task<Call::Try> Call::attempt() {
  auto& slot = lease_.connection();
  upstream_.reset(static_cast<Upstream*>(slot.release()));
  if (upstream_ && !upstream_->wake(around_.loop, around_.loop.now())) upstream_.reset();
  const auto result = co_await try_once();
  if (upload_begun_) co_await end_upload();
  if (result == Try::answered) finish();
  upstream_.reset();
  co_return result;
}

http::Task<Call::Try> Call::try_once() {
  bool begun = false;
  while (true) {
    if (!upstream_) {
      const bool connected = co_await connect();
      if (abort_ != Abort::none) co_return Try::aborted;
      // Whoever had it and is gone now may have died of it: it goes to no other replica.
      if (!connected) co_return begun ? Try::broken : Try::not_sent;
    }
    const bool reused = upstream_->reused();
    const bool sent = co_await send_request();
    begun = begun || !none_sent_;
    if (abort_ != Abort::none) co_return Try::aborted;
    if (sent || !none_sent_) {
      const auto result = co_await receive_head();
      if (result == Try::answered && upstream_->reader().head().status == 101) co_return co_await tunnel();
      if (result == Try::answered) co_return co_await relay();
      if (result == Try::aborted || !reused || !may_repeat()) co_return result;
    } else if (!reused) {
      // A process that dies may take a connection yet, and close it unread.
      co_return begun ? Try::broken : Try::not_sent;
    }
    upstream_.reset();  // closed by its server while it was idle: once more, on a new one
  }
}

http::Task<bool> Call::connect() {
  const auto& address = lease_.replica().running.address;
  upstream_ = open_upstream(around_.loop, around_.host, address, connect_fault_);
  if (!upstream_) co_return false;
  if (!upstream_->connecting()) co_return true;
  at_ = At::upstream_write;
  co_await upstream_->socket().writable(http::kNever);
  at_ = At::nothing;
  if (abort_ != Abort::none) co_return false;
  const int error = upstream_->finish_connecting();
  if (error == 0) co_return true;
  connect_fault_ = not_reached(address, error);
  upstream_.reset();
  co_return false;
}

http::Task<bool> Call::send_request() {
  sent_at_ = std::chrono::steady_clock::now();
  const auto trace = around_.ids.next_trace();
  auto& out = upstream_->out();
  out.clear();
  const CallFacts facts{.route = *route_,
                        .id = id_,
                        .client = http::address_of(exchange_.peer()),
                        .traceparent = {trace.data(), trace.size()},
                        .left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - sent_at_),
                        .web_socket = web_socket_,
                        .ours = exchange_.ours()};
  compose_request(out, exchange_.request(), facts);
  std::string_view body = first_piece_;
  if (body.size() <= kCopied) out.append(std::exchange(body, {}));
  std::array<iovec, 2> storage{piece_of(out), piece_of(body)};
  std::span<iovec> pieces(storage);
  none_sent_ = true;
  some_came_ = false;
  auto& socket = upstream_->socket();
  const auto moved = socket.send(pieces);
  if (moved.state == http::Moved::State::some) {
    none_sent_ = false;
    pieces = http::without(pieces, moved.count);
  }
  bool sent = moved.state == http::Moved::State::some || moved.state == http::Moved::State::blocked;
  if (sent && !pieces.empty()) {
    at_ = At::upstream_write;
    sent = co_await socket.send_all(pieces, std::chrono::milliseconds::max());
    at_ = At::nothing;
  }
  request_whole_ = sent && exchange_.body_complete();
  exchange_.listen(this);
  if (sent && !request_whole_) {
    upload_begun_ = uploading_ = true;
    around_.loop.spawn(upload());
  }
  co_return sent;
}

http::Task<> Call::upload() {
  auto why = Abort::none;
  while (true) {
    const auto piece = co_await exchange_.read(http::Form::raw);
    if (piece.state == http::Piece::State::refused) why = Abort::bad_body;
    if (piece.state == http::Piece::State::too_slow) why = Abort::slow_body;
    if (piece.state != http::Piece::State::some) break;
    if (exchange_.body_read() > body_limit_) {
      why = Abort::large_body;
      break;
    }
    exchange_.listen(this);  // the function may take its time
    std::array pieces{piece_of(piece.bytes)};
    const bool sent = co_await upstream_->socket().send_all(pieces, std::chrono::milliseconds::max());
    if (!sent) break;  // it takes no more; its answer may come all the same
    request_whole_ = exchange_.body_complete();
    if (request_whole_) break;
  }
  exchange_.give_back();
  uploading_ = false;
  // Either may resume run(), and with it end this call.
  if (why != Abort::none) {
    abort(why);
  } else if (at_ == At::upload) {
    gate_.open();
  }
}

http::Task<> Call::end_upload() {
  if (!uploading_) co_return;
  if (!exchange_.body_complete()) exchange_.stop_reading();
  if (uploading_ && upstream_) upstream_->socket().interrupt_write();
  at_ = At::upload;
  while (uploading_) {
    gate_.allow();
    co_await gate_.wait(http::kNever);  // bounded by the client's write limit
  }
  at_ = At::nothing;
}

bool Call::may_repeat() const {
  return !some_came_ && !upload_begun_ && (none_sent_ || is_idempotent(exchange_.request().method));
}

http::Task<Call::Try> Call::receive_head() {
  if (!in_) in_ = around_.loop.take_block();
  begin_ = end_ = 0;
  auto& reader = upstream_->reader();
  reader.start_over();
  const bool to_head = exchange_.request().method == "HEAD";
  for (int interim = 0;;) {
    const auto progress = begin_ == end_ ? http::Progress::more : reader.read(buffered(), to_head);
    if (progress == http::Progress::refused) {
      malformed_ = reader.refusal()->reason;
      co_return Try::broken;
    }
    if (progress == http::Progress::done && reader.head().status >= 200) break;
    if (progress == http::Progress::done && web_socket_ && is_web_socket(reader.head())) break;
    if (progress == http::Progress::done) {
      if (++interim > kMaxInterim) co_return Try::broken;
      const auto passed = co_await pass_interim();
      if (passed != Try::answered) co_return passed;
      continue;
    }
    at_ = At::upstream_read;
    if (abort_ == Abort::none) co_await upstream_->socket().readable(http::kNever);
    at_ = At::nothing;
    if (abort_ != Abort::none) co_return Try::aborted;
    const auto moved = upstream_->socket().receive(in_.data() + end_, http::kBlockBytes - end_);
    if (moved.state == http::Moved::State::blocked) continue;
    if (moved.state != http::Moved::State::some) co_return Try::broken;
    end_ += moved.count;
    some_came_ = true;
  }
  begin_ = reader.size();
  co_return Try::answered;
}

// Hands a 1xx on where its client may see one, and makes room for what follows.
http::Task<Call::Try> Call::pass_interim() {
  auto& reader = upstream_->reader();
  const auto& head = reader.head();
  if (head.status == 101) {
    malformed_ =
        web_socket_ ? "it switched to another protocol than the one asked for" : "it switched protocols unasked";
    co_return Try::broken;
  }
  if (head.status != 100 && !exchange_.request().http_1_0) {
    auto& out = upstream_->out();
    out.clear();
    compose_answer(out, head, AnswerFraming::as_it_is);
    out += "\r\n";
    at_ = At::client;
    const bool sent = co_await exchange_.send_interim(out);
    at_ = At::nothing;
    if (!sent && abort_ == Abort::none) abort_ = Abort::left;
    if (abort_ != Abort::none) co_return Try::aborted;
  }
  const auto size = reader.size();
  std::memmove(in_.data(), in_.data() + size, end_ - size);
  end_ -= size;
  reader.start_over();
  co_return Try::answered;
}

}  // namespace hearth::gateway
