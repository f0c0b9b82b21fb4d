#include "cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <cassert>
#include <chrono>
#include <csignal>
#include <cstdint>

namespace hearth::cli {

Interrupt::Interrupt() {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is an error of the write instead
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  struct sigaction hang_up {};
  ::sigaction(SIGHUP, nullptr, &hang_up);
  if (hang_up.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);  // ignored under nohup
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  ended_ = ::eventfd(0, EFD_CLOEXEC);
  assert(signals_ >= 0 && ended_ >= 0);
  watcher_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
  const std::uint64_t one = 1;
  (void)!::write(ended_, &one, sizeof one);
  watcher_.join();
  ::close(signals_);
  ::close(ended_);
}

void Interrupt::watch() {
  // Two at once are one wish: what is under way still gets to leave the terminal as it was.
  constexpr std::chrono::milliseconds kOneWish{500};
  std::chrono::steady_clock::time_point first;
  pollfd watched[] = {{signals_, POLLIN, 0}, {ended_, POLLIN, 0}};
  for (;;) {
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof info) != sizeof info) continue;
    const auto now = std::chrono::steady_clock::now();
    if (signal_ != 0 && now - first < kOneWish) continue;
    if (signal_ != 0) ::_exit(128 + signal_);
    first = now;
    signal_ = static_cast<int>(info.ssi_signo);
    source_.request_stop();
  }
}

}  // namespace hearth::cli
