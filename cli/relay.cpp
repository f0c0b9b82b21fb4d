#include "cli/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) address.sin_family = AF_UNSPEC;  // connects nowhere
  return address;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Until `from` ends, which `to` is told; or `to` does not take any more.
void pass_on(int from, int to) {
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const auto count = ::recv(from, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || !send_all(to, {buffer.data(), static_cast<std::size_t>(count)})) break;
  }
  ::shutdown(from, SHUT_RD);
  ::shutdown(to, SHUT_WR);
}

}  // namespace

// One connection, both ways.
class Relay::Passage {
 public:
  // Takes the client's socket.
  Passage(int client, const std::string& host, std::uint16_t port)
      : client_(client), replica_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    there_ = std::jthread([this, address = address_of(host, port)] {
      const auto* name = reinterpret_cast<const sockaddr*>(&address);
      if (::connect(replica_, name, sizeof address) == 0) {
        const std::jthread back([this] { pass_on(replica_, client_); });
        pass_on(client_, replica_);
      }  // both ways have ended
      end();
      over_ = true;
    });
  }
  ~Passage() {
    end();
    there_.join();
    ::close(client_);
    ::close(replica_);
  }
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  bool over() const { return over_; }

 private:
  void end() const {
    ::shutdown(client_, SHUT_RDWR);
    ::shutdown(replica_, SHUT_RDWR);
  }

  int client_;
  int replica_;
  std::atomic<bool> over_ = false;
  std::jthread there_;
};

Relay::Relay(std::uint16_t port) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto address = address_of("127.0.0.1", port);
  auto* name = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  const bool listens = ::bind(listener_, name, length) == 0 && ::listen(listener_, SOMAXCONN) == 0 &&
                       ::getsockname(listener_, name, &length) == 0;
  if (!listens) {
    const int reason = errno;
    ::close(listener_);
    throw Error(reason == EADDRINUSE ? Code::conflict : Code::unavailable, Layer::client,
                "the debugger's port 127.0.0.1:" + std::to_string(port) + " cannot be opened: " + std::strerror(reason),
                "end what listens there, or name another port: --debug=PORT");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { accept_all(); });
}

Relay::~Relay() {
  ::shutdown(listener_, SHUT_RDWR);  // ends accept()
  thread_.join();
  ::close(listener_);
}

void Relay::lead_to(const std::string& host, std::uint16_t port) {
  std::list<std::unique_ptr<Passage>> old;
  const std::scoped_lock lock(mutex_);
  if (host == host_ && port == to_) return;
  host_ = host;
  to_ = port;
  old.swap(passages_);
}

void Relay::accept_all() {
  for (;;) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (client < 0) return;
    const std::scoped_lock lock(mutex_);
    passages_.remove_if([](const auto& passage) { return passage->over(); });
    passages_.push_back(std::make_unique<Passage>(client, host_, to_));
  }
}

}  // namespace hearth::cli
