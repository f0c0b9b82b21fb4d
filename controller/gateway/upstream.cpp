#include "gateway/upstream.h"

#include "gateway/forward.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hearth::gateway {
namespace {

using namespace std::chrono_literals;
using domain::Code;
using domain::Fault;
using domain::Layer;

constexpr auto kForeignIdle = 4s;   // servers that say nothing close after 5 s at the earliest (Node, uvicorn)
constexpr auto kMargin = 500ms;     // a server's timer may run ahead of ours
constexpr auto kSurelyFresh = 1ms;  // idle for less: not looked at before it is used again
constexpr auto kForEver = std::chrono::milliseconds::max();

// A socket that is connecting, or -1 with errno.
int begin_connect(const ports::TcpAddress& address) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    size = sizeof v4;
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    size = sizeof v6;
  } else {
    errno = EINVAL;
    return -1;
  }
  const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0 || errno == EINPROGRESS) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace

Fault not_reached(const ports::Address& address, int error) {
  const auto* tcp = std::get_if<ports::TcpAddress>(&address);
  const auto where = tcp ? tcp->host + ":" + std::to_string(tcp->port) : std::string("its socket");
  return {.code = Code::unavailable,
          .layer = Layer::function,
          .message = "the function does not accept connections at " + where + ": " + std::strerror(error)};
}

Upstream::Upstream(http::Loop& loop, int fd, bool connecting)
    : loop_(loop.shared_from_this()), socket_(std::make_unique<http::Socket>(loop, fd)), connecting_(connecting) {}

void Upstream::learn(const http::ResponseHead& answer, bool own_socket) {
  const int seconds = keep_alive_seconds(answer);
  if (!answer.persistent()) {
    keep_for_ = 0ms;
  } else if (own_socket) {
    keep_for_ = kForEver;
  } else {
    keep_for_ = seconds < 0 ? std::chrono::milliseconds{kForeignIdle} : std::chrono::seconds{seconds} - kMargin;
  }
}

bool Upstream::keep(http::Time now) {
  kept_since_ = now;
  used_ = true;
  return keep_for_ > 0ms && socket_->rest();
}

bool Upstream::wake(http::Loop& loop, http::Time now) {
  const auto idle = now - kept_since_;
  if (keep_for_ != kForEver && idle >= keep_for_) return false;
  // On a unix socket, where our own bootstraps listen, sending to a closed one fails at once: nothing to look for.
  if (keep_for_ != kForEver && idle > kSurelyFresh) {
    char byte;
    const auto count = ::recv(socket_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // Closed, broken, or with bytes that nobody asked for.
    if (count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return false;
  }
  if (loop_.get() != &loop) {
    const int fd = socket_->release();
    socket_ = nullptr;
    socket_ = std::make_unique<http::Socket>(loop, fd);
    loop_ = loop.shared_from_this();
  }
  return true;
}

int Upstream::finish_connecting() noexcept {
  connecting_ = false;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

std::unique_ptr<Upstream> open_upstream(http::Loop& loop, ports::Doors& host, const ports::Address& address,
                                        domain::Fault& fault) {
  try {
    if (const auto* unix = std::get_if<ports::UnixAddress>(&address)) {
      return std::make_unique<Upstream>(loop, host.connect(*unix).release(), false);
    }
    const auto& tcp = std::get<ports::TcpAddress>(address);
    if (const int fd = begin_connect(tcp); fd >= 0) return std::make_unique<Upstream>(loop, fd, true);
    fault = not_reached(tcp, errno);
  } catch (const domain::Error& error) {
    fault = error.fault();
  }
  return nullptr;
}

}  // namespace hearth::gateway
