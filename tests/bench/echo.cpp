// The upstream of the gateway bench: answers every request with its own body, on one thread, with as little work as
// can be, so that what is measured is what stands before it. Trusts its clients: it is no server for anything else.
//
//   bench_echo SOCKET PORT     listens on the unix socket and on 127.0.0.1:PORT
//
// What comes for /up is only counted, however large. What asks for /events gets Server-Sent Events, 20 a second, each
// with the time at which it was sent.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

constexpr int kBacklog = 1024;
constexpr std::size_t kMostAtOnce = 64 * 1024;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_unix(const char* path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) fail("socket path");
  std::strcpy(address.sun_path, path);
  ::unlink(path);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail(path);
  if (::listen(fd, kBacklog) < 0) fail("listen");
  return fd;
}

int listen_tcp(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("bind");
  if (::listen(fd, kBacklog) < 0) fail("listen");
  return fd;
}

// The value of a header in `head`, or nothing.
std::string_view header(std::string_view head, std::string_view name) {
  for (auto line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line + 2)) {
    const auto field = head.substr(line + 2);
    if (field.size() <= name.size() || field[name.size()] != ':') continue;
    if (::strncasecmp(field.data(), name.data(), name.size()) != 0) continue;
    auto value = field.substr(name.size() + 1, field.find("\r\n") - name.size() - 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

struct Peer {
  std::string in;
  std::string out;
  bool bye = false;      // it asked for the connection to end
  bool listens = false;  // to events
  std::size_t left = 0;  // of a body that is only counted
};

bool asks_for(std::string_view head, std::string_view path) {
  return head.substr(0, head.find("\r\n")).find(path) != std::string_view::npos;
}

// Takes what is only counted off `in`; true when that was the end of its request.
bool count_off(Peer& peer) {
  const auto here = std::min(peer.left, peer.in.size());
  peer.in.erase(0, here);
  peer.left -= here;
  if (peer.left > 0) return false;
  peer.out += "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken";
  return true;
}

// Turns every whole request at the front of `in` into an answer in `out`.
void answer(Peer& peer) {
  if (peer.left > 0 && !count_off(peer)) return;
  for (;;) {
    const auto end = peer.in.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const std::string_view head(peer.in.data(), end + 2);
    std::size_t length = 0;
    if (const auto text = header(head, "content-length"); !text.empty()) {
      std::from_chars(text.data(), text.data() + text.size(), length);
    }
    if (length > 0 && asks_for(head, "/up ")) {
      peer.in.erase(0, end + 4);
      peer.left = length;
      if (!count_off(peer)) return;
      continue;
    }
    if (peer.in.size() < end + 4 + length) return;
    if (asks_for(head, "/events ")) {
      peer.listens = true;
      peer.in.clear();
      peer.out += "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
      return;
    }
    const auto wish = header(head, "connection");
    peer.bye = wish.size() == 5 && ::strncasecmp(wish.data(), "close", 5) == 0;
    peer.out += "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ";
    peer.out += std::to_string(length);
    peer.out += "\r\n\r\n";
    peer.out.append(peer.in, end + 4, length);
    peer.in.erase(0, end + 4 + length);
  }
}

// False when the connection is to be closed.
bool serve(int fd, Peer& peer) {
  std::array<char, kMostAtOnce> buffer;
  const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (got == 0) return false;
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  peer.in.append(buffer.data(), static_cast<std::size_t>(got));
  answer(peer);
  if (peer.out.empty()) return true;
  // A bench's answers are small: what a socket's buffer does not take at once is a fault of the bench.
  const auto sent = ::send(fd, peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
  const bool whole = sent == static_cast<ssize_t>(peer.out.size());
  peer.out.clear();
  return whole && !peer.bye;
}

// One event to every peer that listens; one that does not keep up is a fault of the bench.
void tell(const std::unordered_map<int, Peer>& peers) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::string event = "data: " + std::to_string(now.tv_sec * 1'000'000'000 + now.tv_nsec) + "\n\n";
  std::array<char, 64> chunk;
  const int size = std::snprintf(chunk.data(), chunk.size(), "%zx\r\n%s\r\n", event.size(), event.c_str());
  for (const auto& [fd, peer] : peers) {
    if (peer.listens) ::send(fd, chunk.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

int make_timer() {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  const itimerspec each{.it_interval = {.tv_sec = 0, .tv_nsec = 50'000'000}, .it_value = {.tv_sec = 0, .tv_nsec = 1}};
  if (fd < 0 || ::timerfd_settime(fd, 0, &each, nullptr) < 0) fail("timerfd");
  return fd;
}

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

void take(int epoll, int listener, std::unordered_map<int, Peer>& peers) {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // means nothing to a unix socket, and does no harm
  peers[fd];
  watch(epoll, fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s SOCKET PORT\n", argv[0]);
    return 2;
  }
  const int local = listen_unix(argv[1]);
  const int tcp = listen_tcp(static_cast<std::uint16_t>(std::atoi(argv[2])));
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, local);
  watch(epoll, tcp);
  const int timer = make_timer();
  watch(epoll, timer);
  std::unordered_map<int, Peer> peers;
  std::array<epoll_event, 128> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == local || fd == tcp) {
        take(epoll, fd, peers);
      } else if (fd == timer) {
        std::uint64_t times = 0;
        if (::read(timer, &times, sizeof times) > 0) tell(peers);
      } else if (!serve(fd, peers[fd])) {
        peers.erase(fd);
        ::close(fd);
      }
    }
  }
}
