#include "gateway/inner_listener.h"

#include "domain/error.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace hearth::gateway {
namespace {

[[noreturn]] void failed(const char* attempt) {
  throw domain::Error(domain::Code::internal, domain::Layer::gateway,
                      std::string("cannot ") + attempt + " the gateway's inner socket: " + std::strerror(errno));
}

bool is_of_this_process(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == ::getpid();
}

}  // namespace

InnerListener::InnerListener(std::function<void(int fd)> take) : take_(std::move(take)) {
  socket_ = ports::Descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket_) failed("make");
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  // Without a name the kernel finds one that is free: unix(7), autobind.
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name.sun_family) != 0) failed("name");
  socklen_t size = sizeof name;
  if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) failed("name");
  address_.assign(name.sun_path + 1, size - sizeof name.sun_family - 1);
  if (::listen(socket_.get(), SOMAXCONN) != 0) failed("listen on");
}

InnerListener::~InnerListener() { stop(); }

void InnerListener::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

void InnerListener::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  ::shutdown(socket_.get(), SHUT_RDWR);  // ends the accept
  thread_.join();
}

void InnerListener::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const int fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      is_of_this_process(fd) ? take_(fd) : void(::close(fd));
    } else if (errno == EINVAL) {
      return;  // shut down
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});  // until others close some
    }
  }
}

}  // namespace hearth::gateway
