#include "host/folder_watch.h"

#include "domain/error.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace hearth::host {

using ports::Descriptor;

namespace {

[[noreturn]] void fail(const char* attempt) {
  throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                      std::string{attempt} + ": " + std::strerror(errno),
                      "raise fs.inotify.max_user_instances or max_user_watches by sysctl");
}

}  // namespace

void signal_event(int event) {
  const std::uint64_t one = 1;
  // Full means that it is signalled already.
  static_cast<void>(::write(event, &one, sizeof one) == sizeof one);
}

FolderWatch::FolderWatch()
    : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), quit_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!inotify_ || !quit_) fail("watch the functions' folders");
  thread_ = std::thread{[this] { run(); }};
}

FolderWatch::~FolderWatch() {
  signal_event(quit_.get());
  thread_.join();
}

FolderWatch::Waiter::Waiter(FolderWatch& watch, int folder, int event) : watch_(watch) {
  const std::string path = "/proc/self/fd/" + std::to_string(folder);
  const std::lock_guard lock{watch_.mutex_};
  key_ = ::inotify_add_watch(watch_.inotify_.get(), path.c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
  if (key_ < 0) fail("watch a function's folder");
  watch_.waiters_[key_] = event;
}

FolderWatch::Waiter::~Waiter() {
  const std::lock_guard lock{watch_.mutex_};
  watch_.waiters_.erase(key_);
  ::inotify_rm_watch(watch_.inotify_.get(), key_);
}

void FolderWatch::run() {
  alignas(inotify_event) char buffer[16384];
  pollfd ready[] = {{inotify_.get(), POLLIN, 0}, {quit_.get(), POLLIN, 0}};
  while (true) {
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0) return;
    const auto size = ::read(inotify_.get(), buffer, sizeof buffer);
    if (size > 0) dispatch(buffer, static_cast<std::size_t>(size));
  }
}

void FolderWatch::dispatch(const char* events, std::size_t size) {
  const std::lock_guard lock{mutex_};
  for (std::size_t at = 0; at < size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(events + at);
    at += sizeof *event + event->len;
    if ((event->mask & IN_Q_OVERFLOW) != 0) {  // a folder was flooded: whose, nobody knows any more
      for (const auto& [key, waiter] : waiters_) signal_event(waiter);
    } else if (const auto found = waiters_.find(event->wd); found != waiters_.end()) {
      signal_event(found->second);
    }
  }
}

}  // namespace hearth::host
