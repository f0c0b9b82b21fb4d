#include "net/ask_quiet.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace hearth::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kQuestion =
    "GET /.hearth/quiet HTTP/1.1\r\nHost: localhost\r\nHearth-Ask: quiet\r\nConnection: close\r\n\r\n";
constexpr std::size_t kLongestAnswer = 4096;
constexpr std::size_t kLongestWord = 120;
constexpr const char* kNoAnswer = "its bootstrap did not say that it is quiet";

// It comes from the function's own process: one printable line.
std::string word_of(std::string_view body) {
  std::string word{body.substr(0, std::min(body.find_first_of("\r\n"), kLongestWord))};
  std::ranges::replace_if(
      word, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return word.empty() ? kNoAnswer : word;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c; }

std::size_t length_of(std::string_view head) {
  std::string low{head};
  std::ranges::transform(low, low.begin(), lower);
  constexpr std::string_view kField = "\r\ncontent-length:";
  const auto at = low.find(kField);
  std::size_t length = 0;
  if (at == low.npos) return std::string_view::npos;
  const auto begin = low.find_first_not_of(' ', at + kField.size());
  if (begin != low.npos) std::from_chars(low.data() + begin, low.data() + low.size(), length);
  return length;
}

class Event {
 public:
  ~Event() { ::close(fd_); }
  int get() const { return fd_; }
  void signal() const {
    const std::uint64_t one = 1;
    static_cast<void>(::write(fd_, &one, sizeof one) == sizeof one);
  }

 private:
  int fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
};

}  // namespace

std::optional<QuietAnswer> read_quiet_answer(std::string_view bytes, bool ended) {
  const auto head = bytes.find("\r\n\r\n");
  const bool overlong = bytes.size() >= kLongestAnswer;
  if (head == bytes.npos) return ended || overlong ? std::optional{QuietAnswer{kNoAnswer}} : std::nullopt;
  const auto status = bytes.substr(0, 13);
  const auto is = [&](std::string_view wanted) {
    return status == std::string{wanted} + " " || status == std::string{wanted} + "\r";
  };
  if (is("HTTP/1.1 204")) return QuietAnswer{};
  if (!is("HTTP/1.1 409")) return QuietAnswer{kNoAnswer};
  const auto body = bytes.substr(head + 4);
  if (body.size() < length_of(bytes.substr(0, head + 2)) && !ended && !overlong) return std::nullopt;
  return QuietAnswer{word_of(body)};
}

std::optional<std::string> ask_quiet(int socket, std::chrono::milliseconds timeout, std::stop_token stop) {
  const Event stopped;
  const std::stop_callback wake{stop, [&] { stopped.signal(); }};
  const auto deadline = Clock::now() + timeout;
  // A socket that was opened just now takes these few bytes at once.
  if (::send(socket, kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kQuestion.size())) {
    return kNoAnswer;
  }
  std::string answer;
  while (!stop.stop_requested()) {
    pollfd ready[] = {{socket, POLLIN, 0}, {stopped.get(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 || ::poll(ready, 2, static_cast<int>(left)) <= 0) break;
    if (ready[0].revents == 0) continue;
    std::array<char, 1024> bytes{};
    const auto got = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) answer.append(bytes.data(), static_cast<std::size_t>(got));
    if (auto said = read_quiet_answer(answer, got <= 0)) return std::move(said->stirs);
  }
  return kNoAnswer;
}

}  // namespace hearth::net
