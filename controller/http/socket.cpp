#include "http/socket.h"

#include "domain/error.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>

namespace hearth::http {
namespace {

// Where the one operation in flight in a direction is kept.
struct OperationMemory {
  alignas(std::max_align_t) std::array<std::byte, 192> bytes;
  bool used = false;
};

template <class T>
struct OperationAllocator {
  using value_type = T;
  OperationMemory* memory;

  explicit OperationAllocator(OperationMemory* where) : memory(where) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) : memory(other.memory) {}

  T* allocate(std::size_t count) {
    if (memory->used || count * sizeof(T) > memory->bytes.size())
      return static_cast<T*>(::operator new(count * sizeof(T)));
    memory->used = true;
    return reinterpret_cast<T*>(memory->bytes.data());
  }
  void deallocate(T* pointer, std::size_t) noexcept {
    if (static_cast<void*>(pointer) != memory->bytes.data()) return ::operator delete(pointer);
    memory->used = false;
  }
  bool operator==(const OperationAllocator&) const = default;
};

// A set of one that is readable once the peer of `fd` has ended its side; -1 where the system has no room for it. The
// loop's own does not ask for this event.
int hang_up_of(int fd) noexcept {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) return -1;
  epoll_event event{};
  event.events = EPOLLRDHUP;
  if (::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0) return set;
  ::close(set);
  return -1;
}

}  // namespace

// Outlives its Socket until the system has answered every wait.
struct Socket::Core {
  Core(Loop& on, int fd) : loop(on), descriptor(on.context()), read(on.wheel()), write(on.wheel()) {
    asio::error_code error;
    descriptor.assign(fd, error);
    if (!error) return;
    ::close(fd);
    throw domain::Error(domain::Code::overloaded, domain::Layer::gateway,
                        "a connection could not be watched: " + error.message());
  }

  // What a wait with the system keeps it by.
  struct Hold {
    Core* core;

    explicit Hold(Core& of) : core(&of) { of.references.fetch_add(1, std::memory_order_relaxed); }
    Hold(Hold&& other) noexcept : core(std::exchange(other.core, nullptr)) {}
    ~Hold() {
      if (core) core->drop();
    }
    Core* operator->() const noexcept { return core; }
  };

  struct Ready {
    using allocator_type = OperationAllocator<std::byte>;
    Hold core;
    bool sending;

    allocator_type get_allocator() const noexcept {
      return allocator_type{sending ? &core->write_memory : &core->read_memory};
    }
    void operator()(const asio::error_code& error) const {
      if (sending) {
        core->write_waits = false;
        if (!error) core->write.open();
      } else {
        core->read_waits = false;
        if (!error) core->readable();
      }
    }
  };

  void readable() {
    if (!read.awaited() && watcher) {
      std::exchange(watcher, nullptr)->on_readable();
    } else {
      read.open();
    }
  }
  void await_read() {
    if (std::exchange(read_waits, true)) return;
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read, Ready{Hold(*this), false});
  }
  void await_write() {
    if (std::exchange(write_waits, true)) return;
    descriptor.async_wait(asio::posix::stream_descriptor::wait_write, Ready{Hold(*this), true});
  }
  void await_hang_up() {
    if (!hang_up) {
      const int set = hang_up_of(descriptor.native_handle());
      if (set < 0) return;
      hang_up = std::make_unique<asio::posix::stream_descriptor>(loop.context(), set);
    }
    auto woken = [core = Hold(*this)](const asio::error_code& error) {
      if (!error && core->hang_up) core->hung_up();
    };
    hang_up->async_wait(asio::posix::stream_descriptor::wait_read, std::move(woken));
  }
  void hung_up() {
    // Asio's waits end early when a descriptor that was closed a moment ago had an event.
    epoll_event event;
    if (::epoll_wait(hang_up->native_handle(), &event, 1, 0) != 1) return await_hang_up();
    hang_up = nullptr;
    if (watcher) std::exchange(watcher, nullptr)->on_hang_up();
  }
  void drop() noexcept {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  Loop& loop;
  OperationMemory read_memory;
  OperationMemory write_memory;
  asio::posix::stream_descriptor descriptor;
  std::unique_ptr<asio::posix::stream_descriptor> hang_up;  // while it is watched for
  Gate read;
  Gate write;
  Watcher* watcher = nullptr;
  // The Socket's, and one of each wait with the system. Atomic: a wait's handler may resume what gives the socket to
  // another thread, and lets go only after that.
  std::atomic<int> references{1};
  bool read_waits = false;
  bool write_waits = false;
};

Socket::Socket(Loop& loop, int fd) : core_(new Core(loop, fd)) {}

Socket::~Socket() {
  unwatch();
  asio::error_code ignored;
  core_->descriptor.close(ignored);
  core_->drop();
}

Moved Socket::receive(char* buffer, std::size_t size) noexcept {
  while (true) {
    const auto count = ::recv(core_->descriptor.native_handle(), buffer, size, 0);
    if (count > 0) return {Moved::State::some, static_cast<std::size_t>(count)};
    if (count == 0) return {Moved::State::ended};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Moved::State::blocked};
    if (errno != EINTR) return {.state = Moved::State::failed, .error = errno};
  }
}

Moved Socket::send(std::span<iovec> pieces) noexcept {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  while (true) {
    const auto count = ::sendmsg(core_->descriptor.native_handle(), &message, MSG_NOSIGNAL);
    if (count >= 0) return {Moved::State::some, static_cast<std::size_t>(count)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Moved::State::blocked};
    if (errno != EINTR) return {.state = Moved::State::failed, .error = errno};
  }
}

Gate::Awaiter Socket::readable(Time deadline) {
  core_->await_read();
  return core_->read.wait(deadline);
}

Gate::Awaiter Socket::writable(Time deadline) {
  core_->await_write();
  return core_->write.wait(deadline);
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
  core_->await_read();
}

void Socket::watch_hang_up(Watcher& watcher) {
  core_->watcher = &watcher;
  if (!core_->hang_up) core_->await_hang_up();
}

void Socket::unwatch() noexcept {
  core_->watcher = nullptr;
  core_->hang_up = nullptr;
}

void Socket::interrupt_read() { core_->read.interrupt(); }
void Socket::interrupt_write() { core_->write.interrupt(); }
void Socket::allow_read() noexcept { core_->read.allow(); }

void Socket::shut_down_send() noexcept { ::shutdown(core_->descriptor.native_handle(), SHUT_WR); }

int Socket::fd() const noexcept { return core_->descriptor.native_handle(); }

Loop& Socket::loop() const noexcept { return core_->loop; }

bool Socket::quiet() const noexcept { return !core_->read_waits && !core_->write_waits; }

int Socket::release() noexcept { return core_->descriptor.release(); }

}  // namespace hearth::http
