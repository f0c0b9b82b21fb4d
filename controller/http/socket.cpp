#include "http/socket.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hearth::http {
namespace {

// What a socket may take in a turn, in bytes; and what is as much work as some bytes.
constexpr std::size_t kShare = 256 << 10;
constexpr std::size_t kTurnShare = 8 << 10;

constexpr std::uint32_t kOver = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr std::uint32_t kReading = EPOLLIN | EPOLLPRI | EPOLLRDHUP;

}  // namespace

// Outlives its Socket until the loop has no event of it any more. Its own members are the loop's thread's.
struct Socket::Core final : Source {
  Core(Loop& on, int descriptor) : loop(on), fd(descriptor), read(on.wheel()), write(on.wheel()) {}

  void happened(std::uint32_t events) override {
    if (events & kOver) over = true;
    if (events & EPOLLPRI) urgent = true;
    if (events & (EPOLLIN | EPOLLPRI | kOver)) filled = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR) && write.awaited()) write.open();
    if (filled) pass_on();
  }
  void resumed() override {
    if (filled || read.awaited()) pass_on();
  }
  void pass_on() {
    if (read.awaited()) return read.open();
    if (!watcher || (watches_hang_up && !over)) return;
    auto* const told = std::exchange(watcher, nullptr);
    if (watches_hang_up) {
      told->on_hang_up();
    } else {
      told->on_readable();
    }
  }

  bool has_share() noexcept {
    if (turn != loop.turn()) {
      turn = loop.turn();
      share = kShare;
    }
    return share != 0;
  }
  void spend(std::size_t bytes) noexcept { share -= std::min(share, bytes); }

  // After `count` bytes were received of `asked`: fewer are all there were, and what comes later is told again. Not so
  // at the end, which was told already, and where the kernel stops at a mark amid the bytes.
  void received(std::size_t count, std::size_t asked) noexcept {
    spend(count);
    if (count < asked && !over && !urgent) filled = false;
  }

  Loop& loop;
  int fd;
  Gate read;
  Gate write;
  Watcher* watcher = nullptr;
  std::uint64_t turn = 0;
  std::size_t share = 0;  // left in that turn
  bool watches_hang_up = false;
  bool watches_room = false;  // to send
  bool filled = false;        // something can be received, as far as was told
  bool over = false;          // the peer has ended its side
  bool urgent = false;        // it has marked bytes as urgent
};

Socket::Socket(Loop& loop, int fd) : core_(new Core(loop, fd)) {
  try {
    loop.watch(fd, kReading, *core_);
  } catch (...) {
    ::close(fd);
    delete core_;
    throw;
  }
}

Socket::~Socket() {
  if (core_->watcher) core_->watcher = nullptr;
  if (const int fd = release(); fd >= 0) ::close(fd);
  core_->loop.dismiss(core_);
}

Moved Socket::receive(char* buffer, std::size_t size) noexcept {
  if (!core_->has_share()) return {Moved::State::blocked};
  while (true) {
    const auto count = ::recv(core_->fd, buffer, size, 0);
    if (count > 0) {
      core_->received(static_cast<std::size_t>(count), size);
      return {Moved::State::some, static_cast<std::size_t>(count)};
    }
    if (count == 0) return {Moved::State::ended};
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      core_->filled = false;
      return {Moved::State::blocked};
    }
    if (errno != EINTR) return {.state = Moved::State::failed, .error = errno};
  }
}

Moved Socket::send(std::span<iovec> pieces) noexcept {
  while (pieces.size() > 1 && pieces.back().iov_len == 0) pieces = pieces.first(pieces.size() - 1);
  while (pieces.size() > 1 && pieces.front().iov_len == 0) pieces = pieces.subspan(1);
  const bool one = pieces.size() == 1;  // for which the kernel has less to look at
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  while (true) {
    const auto count = one ? ::send(core_->fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                           : ::sendmsg(core_->fd, &message, MSG_NOSIGNAL);
    if (count >= 0) return {Moved::State::some, static_cast<std::size_t>(count)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Moved::State::blocked};
    if (errno != EINTR) return {.state = Moved::State::failed, .error = errno};
  }
}

int Socket::accept(sockaddr_storage& peer, socklen_t& size) noexcept {
  if (!take_turn()) {
    errno = EAGAIN;
    return -1;
  }
  const int fd = ::accept4(core_->fd, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) core_->filled = false;
  return fd;
}

Gate::Awaiter Socket::readable(Time deadline) {
  if (core_->filled) {
    if (core_->has_share()) {
      core_->read.open();
    } else {
      core_->loop.queue(*core_);
    }
  }
  return core_->read.wait(deadline);
}

// To be told of room costs a peer on a unix socket's every read: only asked for where there was none. It is told even
// if there is some again.
Gate::Awaiter Socket::writable(Time deadline) {
  if (!std::exchange(core_->watches_room, true)) core_->loop.rewatch(core_->fd, kReading | EPOLLOUT, *core_);
  return core_->write.wait(deadline);
}

bool Socket::take_turn() noexcept {
  if (!core_->has_share()) return false;
  core_->spend(kTurnShare);
  return true;
}

Gate::Awaiter Socket::next_turn() {
  core_->loop.queue(*core_);
  return core_->read.wait(kNever);
}

std::span<iovec> without(std::span<iovec> pieces, std::size_t sent) noexcept {
  while (!pieces.empty() && sent >= pieces.front().iov_len) {
    sent -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (sent != 0) {
    pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + sent;
    pieces.front().iov_len -= sent;
  }
  return pieces;
}

Task<bool> Socket::send_all(std::span<iovec> pieces, std::chrono::milliseconds patience) {
  while (true) {
    const auto moved = send(pieces);
    if (moved.state == Moved::State::some) {
      pieces = without(pieces, moved.count);
      if (pieces.empty()) co_return true;
      continue;
    }
    if (moved.state != Moved::State::blocked) co_return false;
    const auto deadline = patience == patience.max() ? kNever : std::chrono::steady_clock::now() + patience;
    if (co_await writable(deadline) != Wake::opened) co_return false;
  }
}

void Socket::watch(Watcher& watcher) {
  core_->watcher = &watcher;
  core_->watches_hang_up = false;
  if (core_->filled) core_->loop.queue(*core_);
}

void Socket::watch_hang_up(Watcher& watcher) {
  core_->watcher = &watcher;
  core_->watches_hang_up = true;
  if (core_->over) core_->loop.queue(*core_);
}

void Socket::unwatch() noexcept { core_->watcher = nullptr; }

void Socket::interrupt_read() { core_->read.interrupt(); }
void Socket::interrupt_write() { core_->write.interrupt(); }
void Socket::allow_read() noexcept { core_->read.allow(); }

void Socket::shut_down_send() noexcept { ::shutdown(core_->fd, SHUT_WR); }

int Socket::fd() const noexcept { return core_->fd; }

Loop& Socket::loop() const noexcept { return core_->loop; }

bool Socket::rest() noexcept {
  if (std::exchange(core_->watches_room, false)) core_->loop.rewatch(core_->fd, kReading, *core_);
  return !core_->read.awaited() && !core_->write.awaited();
}

int Socket::release() noexcept {
  if (core_->fd >= 0) core_->loop.unwatch(core_->fd);
  return std::exchange(core_->fd, -1);
}

}  // namespace hearth::http
