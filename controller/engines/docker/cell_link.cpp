#include "engines/docker/cell_link.h"

#include "domain/error.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

namespace hearth::docker {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::string_view kReady = "{\"ready\": true}";
constexpr std::size_t kLongestAnswer = 256;

bool is_ready(std::string answer) {
  std::erase(answer, ' ');
  std::string wanted{kReady};
  std::erase(wanted, ' ');
  return answer == wanted;
}

}  // namespace

bool CellLink::quiet() const {
  pollfd one{connection_.get(), POLLIN, 0};
  return ::poll(&one, 1, 0) == 0;
}

CellLink::Heard CellLink::hand_over(std::string_view line, const Parcel& package, domain::Time deadline,
                                    const std::stop_token& stop) {
  const ports::Descriptor halt{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!halt) {
    throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                        std::string{"hand a cell over: "} + std::strerror(errno));
  }
  const std::stop_callback wake{stop, [&halt] {
                                  const std::uint64_t one = 1;
                                  static_cast<void>(::write(halt.get(), &one, sizeof one) == sizeof one);
                                }};
  auto said = say(line, deadline, halt.get());
  if (said == Heard::ready && package.file) said = send(package, deadline, halt.get());
  return said == Heard::ready ? hear(deadline, halt.get()) : said;
}

// Short of its last byte no cell goes on to the function's code. SIGPIPE, which sendfile(2) has no flag against, is
// ignored by the whole process.
CellLink::Heard CellLink::send(const Parcel& package, domain::Time deadline, int halt) {
  for (off_t at = 0; static_cast<std::uint64_t>(at) < package.size;) {
    if (const auto over = await(POLLOUT, deadline, halt)) return *over == Heard::ended ? Heard::unheard : *over;
    const auto sent =
        ::sendfile(connection_.get(), package.file.get(), &at, package.size - static_cast<std::size_t>(at));
    if (sent == 0) return Heard::unheard;  // the file was cut off
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return Heard::unheard;
  }
  return Heard::ready;
}

CellLink::Heard CellLink::say(std::string_view line, domain::Time deadline, int halt) {
  for (bool begun = false; !line.empty();) {
    const auto sent = ::send(connection_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      begun = true;
      line.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN) return begun ? Heard::ended : Heard::unheard;
    if (const auto over = await(POLLOUT, deadline, halt)) return *over;
  }
  return Heard::ready;
}

CellLink::Heard CellLink::hear(domain::Time deadline, int halt) {
  std::string answer;
  std::array<char, kLongestAnswer> buffer;
  while (true) {
    if (const auto over = await(POLLIN, deadline, halt)) return *over;
    const auto got = ::recv(connection_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return Heard::ended;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
    const auto end = answer.find('\n');
    if (end != answer.npos) return is_ready(answer.substr(0, end)) ? Heard::ready : Heard::ended;
    if (answer.size() > kLongestAnswer) return Heard::ended;
  }
}

std::optional<CellLink::Heard> CellLink::await(short events, domain::Time deadline, int halt) const {
  std::array<pollfd, 2> both{{{connection_.get(), events, 0}, {halt, POLLIN, 0}}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left <= 0ms) return Heard::timed_out;
    const int count = ::poll(both.data(), both.size(), static_cast<int>(std::min<long long>(left.count(), 3'600'000)));
    if (count < 0 && errno != EINTR) return Heard::ended;
    if ((both[1].revents & POLLIN) != 0) return Heard::cancelled;
    if (count > 0 && both[0].revents != 0) return std::nullopt;
  }
}

}  // namespace hearth::docker
