#include "host/process_watch.h"

#include "domain/error.h"
#include "host/container_group.h"
#include "host/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <vector>

namespace hearth::host {

namespace {

// Which of inotify's watches have news.
std::set<int> read_keys(int inotify) {
  alignas(inotify_event) char buffer[4096];
  std::set<int> keys;
  const auto size = ::read(inotify, buffer, sizeof buffer);
  for (ssize_t at = 0; at < size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
    at += static_cast<ssize_t>(sizeof *event + event->len);
    if ((event->mask & IN_MODIFY) != 0) keys.insert(event->wd);
  }
  return keys;
}

// Version 2 alone says which controllers a group has.
bool is_told_of(const std::filesystem::path& group) {
  std::error_code ignored;
  return std::filesystem::exists(group / "cgroup.controllers", ignored);
}

}  // namespace

ProcessWatch::ProcessWatch()
    : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), news_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!inotify_ || !news_) {
    throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                        std::string{"watch the functions' processes: "} + std::strerror(errno),
                        "raise fs.inotify.max_user_instances by sysctl");
  }
  thread_ = std::thread{[this] { run(); }};
}

ProcessWatch::~ProcessWatch() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  signal_event(news_.get());
  thread_.join();
}

void ProcessWatch::begin(domain::ReplicaId replica, const std::filesystem::path& group,
                         std::function<void()> at_limit) {
  {
    const std::lock_guard lock{mutex_};
    const int key =
        is_told_of(group) ? ::inotify_add_watch(inotify_.get(), (group / "pids.events").c_str(), IN_MODIFY) : -1;
    watched_[replica] = {.group = group, .at_limit = std::move(at_limit), .key = key};
  }
  signal_event(news_.get());
}

void ProcessWatch::end(domain::ReplicaId replica) {
  const std::lock_guard lock{mutex_};
  const auto found = watched_.find(replica);
  if (found == watched_.end()) return;
  if (found->second.key >= 0) ::inotify_rm_watch(inotify_.get(), found->second.key);
  watched_.erase(found);
}

bool ProcessWatch::must_look() {
  const std::lock_guard lock{mutex_};
  return std::ranges::any_of(watched_, [](const auto& entry) { return entry.second.key < 0; });
}

void ProcessWatch::run() {
  using Clock = std::chrono::steady_clock;
  auto due = Clock::now() + kLook;
  pollfd ready[] = {{inotify_.get(), POLLIN, 0}, {news_.get(), POLLIN, 0}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
    const int patience = must_look() ? std::max(0, static_cast<int>(left)) : -1;
    if (::poll(ready, 2, patience) < 0 && errno != EINTR) return;
    {
      const std::lock_guard lock{mutex_};
      if (ended_) return;
    }
    std::uint64_t count = 0;
    static_cast<void>(::read(news_.get(), &count, sizeof count) == sizeof count);
    const auto keys = read_keys(inotify_.get());
    const bool all = Clock::now() >= due;
    if (all) due = Clock::now() + kLook;
    look([&](const Watched& one) { return one.key < 0 ? all : keys.contains(one.key); });
  }
}

void ProcessWatch::look(const std::function<bool(const Watched&)>& at) {
  std::vector<std::function<void()>> told;
  {
    const std::lock_guard lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    for (auto& [replica, one] : watched_) {
      if (now < one.next || !at(one)) continue;
      const auto refusals = read_refusals(one.group);
      if (refusals <= one.told) continue;
      one.told = refusals;
      one.next = now + kBetween;
      told.push_back(one.at_limit);
    }
  }
  for (const auto& tell : told) tell();
}

}  // namespace hearth::host
