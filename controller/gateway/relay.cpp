// The answer's way to the client, stretch by stretch, as it comes.
#include "gateway/call.h"
#include "gateway/cors.h"
#include "http/compose.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace hearth::gateway {

http::Task<Call::Try> Call::relay() {
  out_framing_ = begin_answer();
  bool head_waits = true;
  while (true) {
    take_body();
    if (!malformed_.empty()) co_return Try::broken;
    // Many servers write head and body apart: one look whether the body is here saves the client a packet.
    if (head_waits && body_.empty() && !body_done_) {
      begin_ = end_ = 0;
      const auto moved = upstream_->socket().receive(in_.data(), http::kBlockBytes);
      if (moved.state == http::Moved::State::some) end_ = moved.count;
      upstream_ended_ = moved.state == http::Moved::State::ended;
      take_body();
      if (!malformed_.empty()) co_return Try::broken;
    }
    if (head_waits || !body_.empty() || body_done_) {
      const bool passed = co_await pass_on();
      if (!passed) co_return Try::aborted;
      head_waits = false;
    }
    if (body_done_) co_return Try::answered;
    if (begin_ != end_) continue;
    const bool more = co_await receive_more();
    if (!more) co_return abort_ == Abort::none ? Try::broken : Try::aborted;
  }
}

AnswerFraming Call::begin_answer() {
  const auto& answer = upstream_->reader().head();
  const auto& request = exchange_.request();
  status_ = answer.status;
  upstream_->learn(answer, lease_.replica().own_socket);
  framing_ = answer.framing;
  length_left_ = answer.length;
  chunked_.reset();
  if (framing_ == http::Framing::chunked) chunked_.emplace();
  const bool open_ended = framing_ == http::Framing::chunked || framing_ == http::Framing::until_close;
  const auto framing = !open_ended        ? AnswerFraming::as_it_is
                       : request.http_1_0 ? AnswerFraming::until_close
                                          : AnswerFraming::chunked;
  if (framing == AnswerFraming::until_close || !exchange_.body_complete()) exchange_.close_after();
  const auto exec = std::chrono::steady_clock::now() - sent_at_;
  auto& out = upstream_->out();
  out.clear();
  compose_answer(out, answer, framing);
  if (const auto* shared = cors(); shared && !has_own_cors(answer)) {
    each_cors_field(*shared, request,
                    [&](std::string_view name, std::string_view value) { http::compose_field(out, name, value); });
  }
  http::compose_field(out, "Hearth-Call-Id", view(id_));
  out += "Server-Timing: ";
  append_timing(out, {.hold = hold_, .exec = std::chrono::duration_cast<std::chrono::microseconds>(exec)});
  out += "\r\n";
  http::compose_connection(out, request, exchange_.persistent());
  out += "\r\n";
  return framing;
}

http::Task<Call::Try> Call::tunnel() {
  Timer::clear();  // the deadline was for the 101
  begin_answer();
  Tunnel established(exchange_, upstream_->socket(), around_.web_sockets,
                     [this] { return around_.dispatcher.leaving(lease_); });
  co_await established.run(upstream_->out(), buffered(), in_);
  upstream_ended_ = true;  // it carries no other call
  co_return Try::answered;
}

// Takes the next stretch off what was received.
void Call::take_body() {
  const auto here = buffered();
  body_ = {};
  switch (framing_) {
    case http::Framing::none: body_done_ = true; break;
    case http::Framing::length:
      body_ = here.substr(0, std::min<std::uint64_t>(length_left_, here.size()));
      length_left_ -= body_.size();
      body_done_ = length_left_ == 0;
      begin_ += body_.size();
      break;
    case http::Framing::until_close:
      body_ = here;
      body_done_ = upstream_ended_;
      begin_ = end_;
      break;
    case http::Framing::chunked: {
      const bool decode = out_framing_ == AnswerFraming::until_close;
      std::size_t used = 0;
      while (used < here.size() && !body_done_) {
        const auto step = chunked_->read(here.substr(used));
        used += step.raw;
        if (step.progress == http::Progress::refused) {
          malformed_ = chunked_->refusal()->reason;
          return;
        }
        body_done_ = step.progress == http::Progress::done;
        if (decode) body_ = step.content;
        if (decode && !body_.empty()) break;
      }
      if (!decode) body_ = here.substr(0, used);
      begin_ += used;
      break;
    }
  }
}

// Sends what waits in out(), the head or nothing, and the stretch, in one system call where the client takes it.
http::Task<bool> Call::pass_on() {
  auto& out = upstream_->out();
  const bool encode = framing_ == http::Framing::until_close && out_framing_ == AnswerFraming::chunked;
  std::string_view tail;
  if (encode) {
    if (!body_.empty()) http::append_chunk_size(out, body_.size());
    tail = body_.empty() ? "" : "\r\n";
    if (body_done_) tail = body_.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
  }
  if (body_.size() <= kCopied) out.append(std::exchange(body_, {})).append(std::exchange(tail, {}));
  std::array<iovec, 3> storage{iovec{out.data(), out.size()}, iovec{const_cast<char*>(body_.data()), body_.size()},
                               iovec{const_cast<char*>(tail.data()), tail.size()}};
  std::span<iovec> pieces(storage);
  at_ = At::client;
  const auto at_once = exchange_.send_at_once(pieces);
  bool sent = at_once.value_or(true);
  if (!at_once) sent = co_await exchange_.send(pieces);
  at_ = At::nothing;
  out.clear();
  if (!sent && abort_ == Abort::none) abort_ = Abort::left;
  co_return sent&& abort_ == Abort::none;
}

http::Task<bool> Call::receive_more() {
  begin_ = end_ = 0;
  wide_.release();  // not while nothing comes
  while (true) {
    at_ = At::upstream_read;
    if (abort_ == Abort::none) co_await upstream_->socket().readable(http::kNever);
    at_ = At::nothing;
    if (abort_ != Abort::none) co_return false;
    if (framing_ == http::Framing::length && length_left_ > http::kBlockBytes) {
      wide_ = around_.loop.take_wide_block();
    }
    const auto& into = wide_ ? wide_ : in_;
    const auto moved = upstream_->socket().receive(into.data(), into.size());
    if (moved.state == http::Moved::State::some) {
      end_ = moved.count;
      co_return true;
    }
    wide_.release();
    if (moved.state == http::Moved::State::ended && framing_ == http::Framing::until_close) {
      upstream_ended_ = true;
      co_return true;
    }
    if (moved.state != http::Moved::State::blocked) co_return false;
  }
}

// The answer has been passed on whole: the connection goes back to its slot, the slot to its replica.
void Call::finish() {
  const auto status = upstream_->reader().head().status;
  const bool clean = request_whole_ && begin_ == end_ && !upstream_ended_;
  if (clean && upstream_->keep(around_.loop.now())) lease_.connection() = std::move(upstream_);
  lease_.finish(control::Outcome::completed, domain::answered(status));
}

}  // namespace hearth::gateway
