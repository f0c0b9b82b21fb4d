// A client that sends exactly the bytes it is told, over loopback. Every wait has a deadline.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace hearth::http {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ADD_FAILURE() << "no connection";
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { leave(); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Waits until what came satisfies `enough`, or the connection ends; answers all that came so far.
  const std::string& receive_until(const std::function<bool(std::string_view)>& enough,
                                   std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!ended_ && !enough(received_)) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{fd_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
        ADD_FAILURE() << "not received in time; so far: " << received_.substr(0, 2000);
        break;
      }
      char buffer[65536];
      const auto count = ::recv(fd_, buffer, sizeof buffer, 0);
      if (count <= 0) {
        ended_ = true;
      } else {
        received_.append(buffer, static_cast<std::size_t>(count));
      }
    }
    return received_;
  }
  const std::string& receive_until(std::string_view part) {
    return receive_until([part](std::string_view all) { return all.find(part) != all.npos; });
  }
  const std::string& receive_to_end(std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    return receive_until([](std::string_view) { return false; }, patience);
  }
  // One answer with a Content-Length, taken off the front of what came.
  std::string receive_answer() {
    std::size_t size = 0;
    receive_until([&](std::string_view all) {
      const auto head = all.find("\r\n\r\n");
      if (head == all.npos) return false;
      const auto length = all.find("Content-Length: ");
      size = head + 4 + (length < head ? std::stoul(std::string(all.substr(length + 16, 20))) : 0);
      return all.size() >= size;
    });
    size = std::min(size, received_.size());
    std::string answer = received_.substr(0, size);
    received_.erase(0, size);
    return answer;
  }

  bool ended() const { return ended_; }
  void forget() { received_.clear(); }
  void leave() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int fd() const { return fd_; }

 private:
  int fd_;
  std::string received_;
  bool ended_ = false;
};

inline int status_of(std::string_view answer) {
  return answer.size() > 12 && answer.starts_with("HTTP/1.") ? std::stoi(std::string(answer.substr(9, 3))) : 0;
}

}  // namespace hearth::http
