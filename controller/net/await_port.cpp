#include "net/await_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hearth::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Waits until `socket` (-1: nothing) can be written to or `stopped` is signalled.
void wait(int socket, int stopped, Clock::duration patience) {
  pollfd ready[] = {{stopped, POLLIN, 0}, {socket, POLLOUT, 0}};
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  ::poll(ready, 2, static_cast<int>(std::max<long long>(millis, 0)));
}

// One attempt; a host that does not even refuse is given `patience`.
bool accepts(const sockaddr_in& address, int stopped, Clock::duration patience) {
  const File socket{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  if (errno != EINPROGRESS) return false;
  wait(socket.get(), stopped, patience);
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

}  // namespace

PortState await_port(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
                     std::stop_token stop) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return PortState::silent;
  const File stopped{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  const std::stop_callback wake{stop, [&] {
                                  const std::uint64_t one = 1;
                                  static_cast<void>(::write(stopped.get(), &one, sizeof one) == sizeof one);
                                }};
  const auto deadline = Clock::now() + timeout;
  Clock::duration pause = 1ms;
  while (!stop.stop_requested()) {
    const auto left = deadline - Clock::now();
    if (accepts(address, stopped.get(), std::min<Clock::duration>(left, 1s))) return PortState::accepts;
    if (left <= 0ms) return PortState::silent;
    wait(-1, stopped.get(), std::min(left, pause));
    pause = std::min<Clock::duration>(pause * 2, 50ms);
  }
  return PortState::cancelled;
}

}  // namespace hearth::net
