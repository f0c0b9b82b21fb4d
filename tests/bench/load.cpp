// The load that wrk cannot make, on one thread; prints one line of JSON.
//
//   bench_load rate PORT PATH CONNECTIONS CALLS-A-SECOND SECONDS
//       Calls at a constant rate, each due at its own time whatever became of the one before. A latency counts from
//       when the call was due, not from when it could be sent: a server that stalls is charged for all that had to
//       wait.
//   bench_load streams PORT PATH CONNECTIONS SECONDS
//       Reads Server-Sent Events whose data is the sender's CLOCK_MONOTONIC in nanoseconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_load: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) fail("send");
}

// Connections and what is ready of them.
class Poll {
 public:
  Poll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}
  void watch(int fd, std::uint32_t index) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = index;
    if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
  }
  template <class Each>
  void wait(nanoseconds most, Each each) {
    most = std::max(most, nanoseconds{0});
    const timespec time{.tv_sec = most.count() / 1'000'000'000, .tv_nsec = most.count() % 1'000'000'000};
    const int count = ::epoll_pwait2(fd_, events_.data(), events_.size(), &time, nullptr);
    for (int i = 0; i < count; ++i) each(events_[static_cast<std::size_t>(i)].data.u32);
  }

 private:
  int fd_;
  std::array<epoll_event, 256> events_;
};

// Microseconds, gathered one by one.
class Latencies {
 public:
  void add(nanoseconds one) {
    micros_.push_back(static_cast<std::uint32_t>(std::max<std::int64_t>(one.count(), 0) / 1000));
  }
  std::size_t count() const { return micros_.size(); }
  std::string json(double seconds) {
    std::ranges::sort(micros_);
    const auto at = [&](double part) {
      if (micros_.empty()) return 0u;
      return micros_[std::min(micros_.size() - 1,
                              static_cast<std::size_t>(part * static_cast<double>(micros_.size())))];
    };
    std::array<char, 256> text;
    std::snprintf(text.data(), text.size(),
                  R"({"count":%zu,"per_second":%.1f,"p50_us":%u,"p99_us":%u,"p999_us":%u,"max_us":%u})", micros_.size(),
                  static_cast<double>(micros_.size()) / seconds, at(0.5), at(0.99), at(0.999), at(1));
    return text.data();
  }

 private:
  std::vector<std::uint32_t> micros_;
};

struct Caller {
  int fd = -1;
  Clock::time_point due;
  bool waits = false;  // for an answer
  std::string in;
};

// True once the answer at the front of `in` is whole; takes it off.
bool take_answer(std::string& in) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  if (!in.starts_with("HTTP/1.1 200")) fail("an answer that is no 200: " + in.substr(0, 80));
  std::string head = in.substr(0, end);
  std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto field = head.find("\r\ncontent-length: ");
  if (field == std::string::npos) fail("an answer of no length");
  std::size_t length = 0;
  std::from_chars(head.data() + field + 18, head.data() + head.size(), length);
  if (in.size() < end + 4 + length) return false;
  in.erase(0, end + 4 + length);
  return true;
}

void receive(int fd, std::string& in) {
  std::array<char, 16 << 10> buffer;
  const auto got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN)) fail("the connection ended");
  if (got > 0) in.append(buffer.data(), static_cast<std::size_t>(got));
}

std::string rate(std::uint16_t port, const std::string& path, std::size_t connections, double per_second, int seconds) {
  const std::string request = "POST " + path + " HTTP/1.1\r\nHost: bench\r\nContent-Length: 10\r\n\r\n0123456789";
  const nanoseconds period{static_cast<std::int64_t>(1e9 * static_cast<double>(connections) / per_second)};
  Poll poll;
  Latencies latencies;
  std::vector<Caller> callers(connections);
  const auto start = Clock::now() + std::chrono::milliseconds{100};
  const auto end = start + std::chrono::seconds{seconds};
  for (std::uint32_t i = 0; i < connections; ++i) {
    callers[i].fd = connect_to(port);
    callers[i].due = start + period * i / static_cast<std::int64_t>(connections);
    poll.watch(callers[i].fd, i);
  }
  while (true) {
    const auto now = Clock::now();
    auto next = end + std::chrono::seconds{5};
    bool open = false;
    for (auto& caller : callers) {
      if (!caller.waits && caller.due < end && caller.due <= now) {
        send_all(caller.fd, request);
        caller.waits = true;
      }
      open = open || caller.waits || caller.due < end;
      if (!caller.waits && caller.due < end) next = std::min(next, caller.due);
    }
    if (!open) return latencies.json(seconds);
    if (now > end + std::chrono::seconds{5}) fail("answers were still missing after 5 s");
    poll.wait(next - Clock::now(), [&](std::uint32_t index) {
      auto& caller = callers[index];
      receive(caller.fd, caller.in);
      if (!caller.waits || !take_answer(caller.in)) return;
      latencies.add(Clock::now() - caller.due);
      caller.waits = false;
      caller.due += period;
    });
  }
}

// Takes whole events off the front of `in`.
void take_events(std::string& in, Latencies& latencies) {
  constexpr std::string_view kData = "data: ";
  for (auto at = in.find(kData); at != std::string::npos; at = in.find(kData)) {
    const auto end = in.find("\n\n", at);
    if (end == std::string::npos) return;
    std::int64_t sent = 0;
    std::from_chars(in.data() + at + kData.size(), in.data() + end, sent);
    latencies.add(Clock::now().time_since_epoch() - nanoseconds{sent});
    in.erase(0, end + 2);
  }
}

std::string streams(std::uint16_t port, const std::string& path, std::size_t connections, int seconds) {
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n";
  Poll poll;
  Latencies latencies;
  std::vector<Caller> callers(connections);
  for (std::uint32_t i = 0; i < connections; ++i) {
    callers[i].fd = connect_to(port);
    poll.watch(callers[i].fd, i);
    send_all(callers[i].fd, request);
  }
  const auto end = Clock::now() + std::chrono::seconds{seconds};
  while (Clock::now() < end) {
    poll.wait(end - Clock::now(), [&](std::uint32_t index) {
      receive(callers[index].fd, callers[index].in);
      take_events(callers[index].in, latencies);
    });
  }
  return latencies.json(seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t at) { return std::atoi(words[at].c_str()); };
  std::string result;
  if (words.size() == 6 && words[0] == "rate") {
    result = rate(static_cast<std::uint16_t>(number(1)), words[2], static_cast<std::size_t>(number(3)),
                  std::atof(words[4].c_str()), number(5));
  } else if (words.size() == 5 && words[0] == "streams") {
    result = streams(static_cast<std::uint16_t>(number(1)), words[2], static_cast<std::size_t>(number(3)), number(4));
  } else {
    std::fprintf(stderr,
                 "usage: bench_load rate PORT PATH CONNECTIONS RATE SECONDS | streams PORT PATH CONNECTIONS SECONDS\n");
    return 2;
  }
  std::puts(result.c_str());
  return 0;
}
