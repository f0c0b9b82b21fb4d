// A real server of few lines, on loopback TCP or a unix socket: hands each connection to the test's own function, on a
// thread of its own, and joins them all when it ends.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hearth::net {

// The connection as the server's side sees it.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}

  // Up to and with the blank line after a head; empty when the client left.
  std::string read_head() {
    while (buffer_.find("\r\n\r\n") == std::string::npos) {
      if (!fill()) return {};
    }
    const auto end = buffer_.find("\r\n\r\n") + 4;
    std::string head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return head;
  }
  std::string read(std::size_t size) {
    while (buffer_.size() < size && fill()) {
    }
    std::string bytes = buffer_.substr(0, size);
    buffer_.erase(0, bytes.size());
    return bytes;
  }
  std::string read_until(std::string_view mark) {
    while (buffer_.find(mark) == std::string::npos && fill()) {
    }
    return std::exchange(buffer_, {});
  }
  void write(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void answer(std::string_view body, std::string_view status = "200 OK") {
    write("HTTP/1.1 " + std::string{status} + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
          std::string{body});
  }
  bool await_close() {
    char byte = 0;
    return ::recv(fd_, &byte, 1, 0) <= 0;
  }

 private:
  bool fill() {
    char bytes[65536];
    const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  std::string buffer_;
};

class TinyServer {
 public:
  using Serve = std::function<void(Peer&)>;

  explicit TinyServer(Serve serve) : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    start(reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    base_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  TinyServer(Serve serve, const std::string& path)
      : serve_(std::move(serve)), listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    start(reinterpret_cast<sockaddr*>(&address), sizeof address);
    base_ = "http://localhost";
  }
  ~TinyServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock{mutex_};
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    threads_.clear();
    for (const int fd : open_) ::close(fd);
    ::close(listener_);
  }

  const std::string& base() const { return base_; }
  int connections() const { return connections_; }

 private:
  void start(const sockaddr* address, socklen_t size) {
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, 64) != 0) std::abort();
    acceptor_ = std::thread{[this] {
      for (int fd; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
        ++connections_;
        const std::lock_guard lock{mutex_};
        open_.push_back(fd);
        threads_.emplace_back([this, fd] {
          Peer peer{fd};
          serve_(peer);
          ::shutdown(fd, SHUT_RDWR);
        });
      }
    }};
  }

  Serve serve_;
  int listener_;
  std::string base_;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::jthread> threads_;
  std::thread acceptor_;
};

}  // namespace hearth::net
