// A server that answers as a table says and remembers what it was asked: what hearthd sends, byte for byte.
#pragma once

#include "net/tiny_server.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace hearth::cli {

struct Asked {
  std::string head;
  std::string body;
};

class ApiStub {
 public:
  // "GET /v1/…" → the whole answer, head and body; a line that ends with * stands for all that begin so; nothing in the
  // table: 404 as a problem. An answer without a Content-Length lasts until the connection is closed, one that ends
  // with HANG until the client closes it.
  using Answers = std::map<std::string, std::string>;

  explicit ApiStub(Answers answers) : answers_(std::move(answers)), server_([this](net::Peer& peer) { serve(peer); }) {}

  const std::string& base() const { return server_.base(); }
  void set(const std::string& line, std::string answer) {
    const std::lock_guard lock(mutex_);
    answers_[line] = std::move(answer);
  }
  // The first one asked for so; waits for it.
  Asked await(const std::string& line) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::unique_lock lock(mutex_);
    for (;;) {
      for (const auto& one : asked_) {
        if (one.head.starts_with(line)) return one;
      }
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return {};
    }
  }
  bool was_asked(const std::string& line) {
    const std::lock_guard lock(mutex_);
    for (const auto& one : asked_) {
      if (one.head.starts_with(line)) return true;
    }
    return false;
  }

 private:
  void serve(net::Peer& peer) {
    for (std::string head; !(head = peer.read_head()).empty();) {
      const auto line = head.substr(0, head.find(" HTTP/"));
      Asked asked{head, body_of(head, peer)};
      std::string answer;
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(std::move(asked));
        answer = answer_to(line);
      }
      changed_.notify_all();
      peer.write(std::string_view(answer).substr(0, answer.ends_with("HANG") ? answer.size() - 4 : answer.size()));
      if (answer.ends_with("HANG")) peer.await_close();
      if (answer.find("Content-Length:") == std::string::npos) return;
    }
  }

  std::string answer_to(const std::string& line) const {
    if (const auto found = answers_.find(line); found != answers_.end()) return found->second;
    for (const auto& [pattern, text] : answers_) {
      if (pattern.ends_with('*') && line.starts_with(pattern.substr(0, pattern.size() - 1))) return text;
    }
    return missing();
  }

  static std::string body_of(const std::string& head, net::Peer& peer) {
    const auto at = head.find("Content-Length: ");
    if (at != std::string::npos) return peer.read(std::stoul(head.substr(at + 16)));
    if (head.find("chunked") != std::string::npos) return peer.read_until("0\r\n\r\n");
    return {};
  }

  static std::string missing() {
    const std::string body = R"({"code":"not_found","layer":"client","detail":"there is no such function"})";
    return "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Answers answers_;
  std::vector<Asked> asked_;
  net::TinyServer server_;
};

inline std::string answer(const std::string& status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}
inline std::string problem(const std::string& status, const std::string& body) {
  return answer(status, body, "Content-Type: application/problem+json\r\n");
}
// Lasts until the connection is closed.
inline std::string stream(const std::string& body) { return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body; }

}  // namespace hearth::cli
