#include "docker/meddler.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace hearth::docker {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

void send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// A client writes each head at once and waits for the answer, so a head begins a piece.
std::string request_of(std::string_view piece) {
  for (const std::string_view method : {"GET ", "POST ", "DELETE ", "PUT "}) {
    if (piece.starts_with(method)) return std::string{piece.substr(0, piece.find(' ', method.size()))};
  }
  return {};
}

}  // namespace

Meddler::Meddler(std::string docker) : docker_(std::move(docker)) {
  listener_ = ports::Descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto address = address_of(socket());
  ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::listen(listener_.get(), 64);
  acceptor_ = std::thread{[this] { accept_all(); }};
}

Meddler::~Meddler() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  cut("");
  for (auto& thread : threads_) thread.join();
}

void Meddler::meddle(Rule rule) {
  const std::lock_guard lock{mutex_};
  rule_ = std::move(rule);
}

int Meddler::cut(const std::string& part) {
  const std::lock_guard lock{mutex_};
  int count = 0;
  for (auto& line : lines_) {
    if (!line.client || line.request.find(part) == std::string::npos) continue;
    ::shutdown(line.client.get(), SHUT_RDWR);
    ++count;
  }
  return count;
}

int Meddler::mute(const std::string& part) {
  const std::lock_guard lock{mutex_};
  int count = 0;
  for (auto& line : lines_) {
    if (!line.client || line.request.find(part) == std::string::npos) continue;
    line.muted = true;
    ++count;
  }
  return count;
}

bool Meddler::is_muted(const Line& line) {
  const std::lock_guard lock{mutex_};
  return line.muted;
}

void Meddler::accept_all() {
  while (true) {
    ports::Descriptor client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!client) return;
    ports::Descriptor docker{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto address = address_of(docker_);
    if (::connect(docker.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) continue;
    const std::lock_guard lock{mutex_};
    auto& line = lines_.emplace_back(Line{std::move(client), std::move(docker), {}, false});
    threads_.emplace_back([this, &line] { pass(line); });
  }
}

void Meddler::pass(Line& line) {
  pollfd ready[] = {{line.client.get(), POLLIN, 0}, {line.docker.get(), POLLIN, 0}};
  char bytes[65536];
  while (::poll(ready, 2, -1) > 0) {
    if (ready[0].revents != 0 && !pass_up(line)) break;
    if (ready[1].revents == 0) continue;
    const auto got = ::recv(line.docker.get(), bytes, sizeof bytes, 0);
    if (got <= 0) break;
    if (!is_muted(line)) send_all(line.client.get(), {bytes, static_cast<std::size_t>(got)});
  }
  const std::lock_guard lock{mutex_};
  line.client = {};
  line.docker = {};
}

bool Meddler::pass_up(Line& line) {
  char bytes[65536];
  const auto got = ::recv(line.client.get(), bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  const std::string_view piece{bytes, static_cast<std::size_t>(got)};
  std::optional<Answer> answer;
  if (const auto request = request_of(piece); !request.empty()) {
    Rule rule;
    {
      const std::lock_guard lock{mutex_};
      line.request = request;
      rule = rule_;
    }
    if (rule) answer = rule(request);
  }
  if (!answer) {
    send_all(line.docker.get(), piece);
    return true;
  }
  send_all(line.client.get(), "HTTP/1.1 " + std::to_string(answer->status) +
                                  " Meddled\r\nContent-Type: application/json\r\nContent-Length: " +
                                  std::to_string(answer->body.size()) + "\r\n\r\n" + answer->body);
  return true;
}

}  // namespace hearth::docker
