#include "http/exchange.h"

#include "http/compose.h"
#include "http/problem.h"
#include "http/session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

namespace hearth::http {
namespace {

// Of a server that stops, for the first request on a connection that it has just accepted: it is on its way.
constexpr std::chrono::milliseconds kLastChance{500};
constexpr std::size_t kBodyRoom = 16 << 10;  // at least so much of the block is a body's, beside its head

// Sets a flag for as long as it lives.
struct While {
  explicit While(bool& what) : flag(what) { flag = true; }
  ~While() { flag = false; }
  While(const While&) = delete;
  While& operator=(const While&) = delete;
  bool& flag;
};

iovec piece_of(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

Exchange::Exchange(Loop& loop, Passed connection, const Limits& limits)
    : loop_(loop),
      limits_(limits),
      peer_(std::move(connection.peer)),
      ours_(connection.ours),
      socket_(loop, connection.fd),
      reader_({.bytes = limits.head_bytes, .target = limits.target_bytes, .fields = limits.fields}) {
  if (connection.begun.empty()) return;
  make_room();
  end_ = connection.begun.copy(in_.data(), kBlockBytes);
}

Exchange::~Exchange() {
  if (gone_) *gone_ = true;
}

void Exchange::make_room() {
  give_back();
  if (!in_) in_ = loop_.take_block();
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ != 0 && kBlockBytes - begin_ < limits_.head_bytes + kBodyRoom) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
}

Task<Exchange::Arrival> Exchange::next_request(bool first, const Sessions& all) {
  const While between(between_);
  // Requests that came together are served one after the other, but not before everyone else's.
  if (begin_ != end_ && !socket_.take_turn()) co_await socket_.next_turn();
  if (all.give) co_return ours_ ? Arrival::gone : Arrival::moving;
  reader_.start_over();
  make_room();
  const Time now = loop_.now();
  Time deadline = now + (first || begin_ != end_ ? limits_.head : limits_.idle);
  bool last_chance = first && all.stopping;
  if (last_chance) deadline = now + kLastChance;
  while (true) {
    if (begin_ != end_) {
      idle_ = false;
      const auto progress = reader_.read({in_.data() + begin_, end_ - begin_});
      if (progress == Progress::refused) co_return Arrival::refused;
      if (progress == Progress::done) break;
    } else {
      if (all.stopping && !last_chance) co_return Arrival::gone;
      idle_ = true;
      in_.release();  // an idle connection holds no buffer
    }
    const bool starts = begin_ == end_;
    const auto wake = co_await socket_.readable(deadline);
    if (wake == Wake::timed_out) co_return starts ? Arrival::gone : Arrival::too_slow;
    if (wake == Wake::interrupted && all.give) co_return ours_ ? Arrival::gone : Arrival::moving;
    if (wake == Wake::interrupted) {
      if (!first || !starts || !all.stopping || std::exchange(last_chance, true)) co_return Arrival::gone;
      socket_.allow_read();
      deadline = std::chrono::steady_clock::now() + kLastChance;
      continue;
    }
    if (!in_) in_ = loop_.take_block();
    const auto moved = socket_.receive(in_.data() + end_, kBlockBytes - end_);
    if (moved.state == Moved::State::blocked) continue;
    if (moved.state != Moved::State::some) co_return Arrival::gone;
    end_ += moved.count;
    if (starts && !first) deadline = loop_.now() + limits_.head;
  }
  begin_request();
  co_return Arrival::request;
}

void Exchange::begin_request() noexcept {
  const auto& head = reader_.head();
  arrived_ = loop_.now();
  begin_ += reader_.size();
  head_end_ = begin_;
  length_left_ = head.length;
  content_read_ = 0;
  body_refusal_ = {};
  chunked_.reset();
  if (head.framing == Framing::chunked) chunked_.emplace();
  body_complete_ = head.framing == Framing::none || (head.framing == Framing::length && head.length == 0);
  continued_ = head_sent_ = false;
}

std::uint64_t Exchange::body_read() const noexcept { return chunked_ ? chunked_->content_read() : content_read_; }

Piece Exchange::chunked_piece(Form form) noexcept {
  const std::string_view bytes{received() + begin_, end_ - begin_};
  std::size_t used = 0;
  std::string_view content;
  while (used < bytes.size()) {
    const auto step = chunked_->read(bytes.substr(used));
    used += step.raw;
    if (step.progress == Progress::refused) {
      body_refusal_ = chunked_->refusal()->reason;
      return {Piece::State::refused};
    }
    body_complete_ = step.progress == Progress::done;
    content = step.content;
    if (body_complete_ || (form == Form::content && !content.empty())) break;
  }
  begin_ += used;
  if (form == Form::raw) return {used != 0 ? Piece::State::some : Piece::State::left, bytes.substr(0, used)};
  if (!content.empty()) return {Piece::State::some, content};
  return {body_complete_ ? Piece::State::end : Piece::State::left};
}

Piece Exchange::buffered(Form form) noexcept {
  if (body_complete_) return {Piece::State::end};
  if (!body_refusal_.empty()) return {Piece::State::refused};
  if (begin_ == end_) return {Piece::State::left};
  if (chunked_) return chunked_piece(form);
  const auto count = std::min<std::uint64_t>(length_left_, end_ - begin_);
  const std::string_view bytes{received() + begin_, count};
  begin_ += count;
  length_left_ -= count;
  content_read_ += count;
  body_complete_ = length_left_ == 0;
  return {Piece::State::some, bytes};
}

Task<Piece> Exchange::read(Form form) {
  while (true) {
    const auto piece = left_ ? Piece{Piece::State::left} : buffered(form);
    if (left_ || piece.state != Piece::State::left) co_return piece;
    if (request().expects_continue && !std::exchange(continued_, true) && !head_sent_) {
      // Where the client takes nothing just now, it sends its body without being asked.
      std::array pieces{piece_of("HTTP/1.1 100 Continue\r\n\r\n")};
      socket_.send(pieces);
    }
    begin_ = end_ = head_end_;
    wide_.release();  // not while nothing comes
    Moved moved{Moved::State::blocked};
    while (moved.state == Moved::State::blocked) {
      const auto deadline = switched_ ? kNever : loop_.now() + limits_.body_idle;
      const auto wake = co_await socket_.readable(deadline);
      if (wake == Wake::timed_out) co_return Piece{Piece::State::too_slow};
      if (wake == Wake::interrupted) co_return Piece{Piece::State::left};
      moved = receive_body();
    }
    if (moved.state != Moved::State::some) {
      leave();
      co_return Piece{Piece::State::left};
    }
    end_ += moved.count;
  }
}

// The body's next bytes, once all that came before were used.
Moved Exchange::receive_body() {
  if (!chunked_ && !switched_ && length_left_ > kBlockBytes) wide_ = loop_.take_wide_block();
  if (wide_) begin_ = end_ = 0;
  const auto moved = socket_.receive(received() + end_, room());
  if (moved.state == Moved::State::some || !wide_) return moved;
  wide_.release();
  begin_ = end_ = head_end_;
  return moved;
}

void Exchange::give_back() noexcept {
  if (!wide_ || begin_ != end_) return;
  wide_.release();
  begin_ = end_ = head_end_;
}

void Exchange::switch_protocols() noexcept {
  switched_ = close_ = true;
  body_complete_ = false;
  chunked_.reset();
  length_left_ = std::numeric_limits<std::uint64_t>::max();
  // The kernel finds out when a client is gone without a word: no byte may come from it for hours.
  const int on = 1, quiet_seconds = 60, between_seconds = 15, unanswered = 4;
  ::setsockopt(socket_.fd(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_KEEPIDLE, &quiet_seconds, sizeof quiet_seconds);
  ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_KEEPINTVL, &between_seconds, sizeof between_seconds);
  ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_KEEPCNT, &unanswered, sizeof unanswered);
}

bool Exchange::persistent() const noexcept { return !close_ && body_complete_ && request().persistent(); }

std::optional<bool> Exchange::send_at_once(std::span<iovec>& pieces) {
  if (left_) return false;
  head_sent_ = true;
  const auto moved = socket_.send(pieces);
  if (moved.state == Moved::State::some) pieces = without(pieces, moved.count);
  if (pieces.empty()) return true;
  if (moved.state == Moved::State::some || moved.state == Moved::State::blocked) return std::nullopt;
  cut();
  left_ = true;
  return false;
}

Task<bool> Exchange::send(std::span<iovec> pieces) {
  const auto at_once = send_at_once(pieces);
  if (at_once) co_return *at_once;
  const bool sent = co_await socket_.send_all(pieces, limits_.write_idle);
  if (!sent) {
    cut();
    left_ = true;
  }
  co_return sent;
}

Task<bool> Exchange::send_interim(std::string_view head) {
  std::array pieces{piece_of(head)};
  const bool sent = co_await send(pieces);
  head_sent_ = false;
  co_return sent;
}

Task<bool> Exchange::respond(int status, std::span<const OutField> fields, std::string_view body) {
  if (!body_complete_) close_after();
  out_.clear();
  compose_status(out_, status, reason_phrase(status));
  for (const auto& field : fields) compose_field(out_, field.name, field.value);
  if (status != 204 && status != 304) compose_number(out_, "Content-Length", body.size());
  compose_connection(out_, request(), persistent());
  out_ += "\r\n";
  std::array pieces{piece_of(out_), piece_of(request().method == "HEAD" ? std::string_view{} : body)};
  co_return co_await send(pieces);
}

Task<bool> Exchange::respond(const domain::Fault& fault, std::span<const OutField> fields) {
  const int status = domain::http_status(fault);
  std::vector<OutField> all(fields.begin(), fields.end());
  all.push_back({"Content-Type", kProblemType});
  std::string seconds;
  if (fault.retry_after || status == 429 || status == 503) {
    seconds = std::to_string(fault.retry_after.value_or(std::chrono::seconds{1}).count());
    all.push_back({"Retry-After", seconds});
  }
  const auto body = problem(fault, status);
  co_return co_await respond(status, all, body);
}

void Exchange::listen(LeaveListener* listener) {
  listener_ = listener;
  if (listener) {
    watch();
  } else {
    socket_.unwatch();
  }
}

// For what may be received behind what was.
std::size_t Exchange::room() const noexcept {
  if (!wide_) return kBlockBytes - end_;
  return std::min<std::uint64_t>(wide_.size() - end_, length_left_ - (end_ - begin_));
}

void Exchange::watch() {
  if (room() != 0) {
    socket_.watch(*this);
  } else {
    socket_.watch_hang_up(*this);
  }
}

void Exchange::on_readable() {
  if (room() == 0) return watch();  // filled by a read since
  const auto moved = socket_.receive(received() + end_, room());
  if (moved.state == Moved::State::some) end_ += moved.count;  // more of the body, or the next request, early
  if (moved.state == Moved::State::some || moved.state == Moved::State::blocked) return watch();
  leave();
}

void Exchange::leave() {
  left_ = close_ = cut_ = true;
  // Each of these may end the session, and this with it.
  bool gone = false;
  gone_ = &gone;
  socket_.interrupt_read();
  if (!gone) socket_.interrupt_write();
  if (gone) return;
  gone_ = nullptr;
  if (listener_) std::exchange(listener_, nullptr)->client_left();
}

Task<> Exchange::linger() {
  // Closed with bytes unread, the system would reset the connection and the answer could be lost on its way.
  socket_.shut_down_send();
  socket_.allow_read();
  const Time deadline = std::chrono::steady_clock::now() + limits_.linger;
  if (!in_) in_ = loop_.take_block();
  while (!left_ && std::chrono::steady_clock::now() < deadline) {
    const auto moved = socket_.receive(in_.data(), kBlockBytes);
    if (moved.state == Moved::State::some) continue;
    if (moved.state != Moved::State::blocked) co_return;
    if (co_await socket_.readable(deadline) != Wake::opened) co_return;
  }
}

}  // namespace hearth::http
