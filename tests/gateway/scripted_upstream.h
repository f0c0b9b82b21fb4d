// A server on a unix socket and on a loopback port that does what a test's script says, one thread a connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace hearth::gateway {

// One connection, seen from the server.
class Peer {
 public:
  Peer(int fd, int number) : fd_(fd), number_(number) {}

  int number() const { return number_; }  // of the connection: 1, 2 …
  // The next request's head, up to and with its empty line; empty when the connection ended.
  std::string read_head() {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    auto head = buffer_.substr(0, end + 4);
    buffer_.erase(0, end + 4);
    return head;
  }
  std::string read_body(std::size_t size) {
    while (buffer_.size() < size && fill()) {
    }
    size = std::min(size, buffer_.size());
    auto body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return body;
  }
  // Reads up to and with `end`.
  std::string read_until(std::string_view end) {
    while (buffer_.find(end) == std::string::npos && fill()) {
    }
    const auto size = std::min(buffer_.find(end) + end.size(), buffer_.size());
    return read_body(size);
  }
  // What comes next, as it comes; empty when the connection ended.
  std::string read_some() {
    if (buffer_.empty() && !fill()) return {};
    return std::exchange(buffer_, {});
  }
  // Reads and forgets; how much came.
  std::size_t drain(std::size_t size) {
    std::size_t count = std::min(size, buffer_.size());
    buffer_.erase(0, count);
    std::vector<char> bytes(256 << 10);
    while (count < size) {
      const auto got = ::recv(fd_, bytes.data(), std::min(bytes.size(), size - count), 0);
      if (got <= 0) break;
      count += static_cast<std::size_t>(got);
    }
    return count;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // True once the other side has closed.
  bool await_end() {
    while (fill()) buffer_.clear();
    return true;
  }

 private:
  bool fill() {
    char bytes[65536];
    const auto count = ::recv(fd_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  int number_;
  std::string buffer_;
};

class ScriptedUpstream {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedUpstream(Script script) : script_(std::move(script)) {
    char folder[] = "/tmp/hearth-gateway-XXXXXX";
    folder_ = ::mkdtemp(folder);
    path_ = folder_ + "/fn.sock";
    unix_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    std::strncpy(local.sun_path, path_.c_str(), sizeof local.sun_path - 1);
    ::bind(unix_, reinterpret_cast<sockaddr*>(&local), sizeof local);
    ::listen(unix_, 64);
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(tcp_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(tcp_, 64);
    socklen_t size = sizeof address;
    ::getsockname(tcp_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    threads_.emplace_back([this] { accept(unix_); });
    threads_.emplace_back([this] { accept(tcp_); });
  }
  ~ScriptedUpstream() {
    ::shutdown(unix_, SHUT_RDWR);
    ::shutdown(tcp_, SHUT_RDWR);
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    std::vector<std::thread> threads;
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        threads.swap(threads_);
      }
      if (threads.empty()) break;
      for (auto& thread : threads) thread.join();
      threads.clear();
    }
    ::close(unix_);
    ::close(tcp_);
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }

  const std::string& path() const { return path_; }
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  bool await_connections(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return connections_ >= count; });
  }
  // Until it has closed so many, by the ends of their scripts.
  bool await_closed(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return closed_ >= count; });
  }

 private:
  void accept(int listener) {
    while (true) {
      const int fd = ::accept(listener, nullptr, nullptr);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      if (ending_) {
        ::close(fd);
        return;
      }
      open_.push_back(fd);
      threads_.emplace_back([this, fd, number = ++connections_] {
        Peer peer(fd, number);
        script_(peer);
        const std::lock_guard done(mutex_);
        std::erase(open_, fd);
        ::close(fd);
        ++closed_;
        changed_.notify_all();
      });
      changed_.notify_all();
    }
  }

  Script script_;
  std::string folder_;
  std::string path_;
  int unix_ = -1;
  int tcp_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<int> connections_{0};
  int closed_ = 0;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  bool ending_ = false;
};

}  // namespace hearth::gateway
