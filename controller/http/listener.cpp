#include "http/listener.h"

#include "domain/error.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace hearth::http {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

Endpoint parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    throw Error(Code::invalid, Layer::gateway, "the address " + std::string(text) + " has no port", "write HOST:PORT");
  }
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(std::string(host).c_str(), std::string(text.substr(colon + 1)).c_str(), &hints, &found) != 0) {
    throw Error(Code::invalid, Layer::gateway, "the address " + std::string(text) + " is not one to listen on",
                "write a numeric address, as in 127.0.0.1:8080");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  Endpoint endpoint{.size = found->ai_addrlen};
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  return endpoint;
}

void set_port(Endpoint& endpoint, std::uint16_t port) {
  if (endpoint.address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(endpoint.address).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(endpoint.address).sin_port = htons(port);
  }
}

// Throws with the system's reason; closes `fd` first.
[[noreturn]] void fail(int fd, std::string_view address) {
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  const bool used = reason == EADDRINUSE;
  throw Error(used ? Code::conflict : Code::unavailable, Layer::gateway,
              "cannot listen on " + std::string(address) + ": " + std::strerror(reason),
              used ? "stop what listens there, or choose another port" : "");
}

int bind_one(const Endpoint& endpoint, std::string_view address, bool shared) {
  const int fd = ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(fd, address);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.size) != 0) fail(fd, address);
  if (shared && ::listen(fd, 4096) != 0) fail(fd, address);
  return fd;
}

std::string name_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  return "local:0";
}

}  // namespace

std::vector<int> listen_on(std::string_view address, std::uint32_t threads) {
  auto endpoint = parse(address);
  // SO_REUSEPORT would share the port silently with another server of the same user: ask without it first.
  ::close(bind_one(endpoint, address, false));
  std::vector<int> sockets;
  for (std::uint32_t i = 0; i < threads; ++i) {
    sockets.push_back(bind_one(endpoint, address, true));
    set_port(endpoint, port_of(sockets[0]));
  }
  return sockets;
}

std::vector<int> share(std::vector<int> descriptors, std::uint32_t threads) {
  const auto given = descriptors.size();
  for (const int fd : descriptors) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  while (descriptors.size() < threads) {
    descriptors.push_back(::fcntl(descriptors[descriptors.size() % given], F_DUPFD_CLOEXEC, 0));
  }
  return descriptors;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
  return address.ss_family == AF_INET ? ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port) : 0;
}

Task<> accept_all(Socket& listener, std::function<void(int fd, std::string peer)> take) {
  Gate pause(listener.loop().wheel());
  while (co_await listener.readable(kNever) != Wake::interrupted) {
    while (true) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      const int fd = listener.accept(address, size);
      if (fd >= 0) {
        take(fd, name_of(address));
        continue;
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      // Out of descriptors or memory: connections wait in the queue until some are given back.
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        co_await pause.wait(std::chrono::steady_clock::now() + std::chrono::milliseconds{50});
      }
      break;
    }
  }
}

}  // namespace hearth::http
