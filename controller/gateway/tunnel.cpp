#include "gateway/tunnel.h"

#include <algorithm>
#include <array>

namespace hearth::gateway {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 1s;  // between two looks whether it is over

iovec piece_of(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

Tunnel::Tunnel(http::Exchange& exchange, http::Socket& upstream, TunnelLimits limits, std::function<bool()> is_over)
    : Timer(exchange.loop().wheel()),
      exchange_(exchange),
      upstream_(upstream),
      limits_(limits),
      is_over_(std::move(is_over)),
      gate_(exchange.loop().wheel()) {}

Tunnel::~Tunnel() {
  if (gone_) *gone_ = true;
}

http::Task<> Tunnel::run(std::string_view head, std::string_view first, http::Block& buffer) {
  exchange_.switch_protocols();
  exchange_.listen(this);
  began_ = last_ = std::chrono::steady_clock::now();
  Timer::set(began_);
  std::array pieces{piece_of(head), piece_of(first)};
  bool open = co_await exchange_.send(pieces);
  if (open && !ending_) {
    up_runs_ = true;
    exchange_.loop().spawn(up());
  }
  while (open && !ending_) {
    co_await upstream_.readable(http::kNever);
    if (ending_) break;
    const auto moved = upstream_.receive(buffer.data(), http::kBlockBytes);
    if (moved.state == http::Moved::State::blocked) continue;
    if (moved.state != http::Moved::State::some) break;
    last_ = std::chrono::steady_clock::now();
    std::array piece{iovec{buffer.data(), moved.count}};
    open = co_await exchange_.send(piece);
  }
  Timer::clear();
  down_ended_ = true;
  end();
  while (up_runs_) co_await gate_.wait(http::kNever);  // it was told to end
  exchange_.listen(nullptr);
}

http::Task<> Tunnel::up() {
  while (!ending_) {
    const auto piece = co_await exchange_.read(http::Form::raw);
    if (piece.state != http::Piece::State::some) break;
    last_ = std::chrono::steady_clock::now();
    exchange_.listen(this);  // the function may take its time
    std::array pieces{piece_of(piece.bytes)};
    const bool sent = co_await upstream_.send_all(pieces, std::chrono::milliseconds::max());
    if (!sent) break;
  }
  up_runs_ = false;
  // Either may resume run(), and with it end this.
  if (down_ended_) {
    gate_.open();
  } else {
    end();
  }
}

// Each of the interrupts may resume run(), and with it end this.
void Tunnel::end() {
  if (std::exchange(ending_, true)) return;
  bool gone = false;
  gone_ = &gone;
  upstream_.interrupt_read();
  if (!gone) upstream_.interrupt_write();
  if (!gone) exchange_.stop_reading();
  if (!gone) exchange_.stop_sending();
  if (!gone) gone_ = nullptr;
}

void Tunnel::expired() {
  const auto now = std::chrono::steady_clock::now();
  const auto idle_at = limits_.idle > 0ms ? last_ + limits_.idle : http::kNever;
  const auto longest_at = limits_.longest > 0ms ? began_ + limits_.longest : http::kNever;
  if (now >= idle_at || now >= longest_at || is_over_()) return end();
  Timer::set(std::min<http::Time>({now + kLook, idle_at, longest_at}));
}

}  // namespace hearth::gateway
