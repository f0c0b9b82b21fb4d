#include "cli/folder_watch.h"

#include "cli/manifest.h"
#include "domain/error.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr auto kQuiet = 30ms;
constexpr auto kLongest = 500ms;  // of one who writes without end

[[noreturn]] void fail(const std::string& attempt, int reason) {
  throw domain::Error(domain::Code::internal, domain::Layer::client, attempt + ": " + std::strerror(reason),
                      reason == ENOSPC || reason == EMFILE
                          ? "raise fs.inotify.max_user_watches or max_user_instances with sysctl"
                          : "");
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

}  // namespace

FolderWatch::FolderWatch(const fs::path& folder, IgnoreRules rules)
    : folder_(folder),
      rules_(std::move(rules)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      stopped_(::eventfd(0, EFD_CLOEXEC)) {
  if (inotify_ < 0 || stopped_ < 0) fail("cannot watch " + folder.string(), errno);
  add("");
}

FolderWatch::~FolderWatch() {
  ::close(inotify_);
  ::close(stopped_);
}

void FolderWatch::ignore(IgnoreRules rules) {
  rules_ = std::move(rules);
  add("");  // also what was ignored before
}

// The folder `inside` and all below it. One that has gone again meanwhile is no loss.
void FolderWatch::add(const std::string& inside) {
  const auto path = folder_ / inside;
  const int watch = ::inotify_add_watch(inotify_, path.c_str(), kEvents);
  if (watch < 0) {
    if (!inside.empty() && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) return;
    fail("cannot watch " + path.string(), errno);
  }
  watches_[watch] = inside;
  std::error_code error;
  for (auto entry = fs::directory_iterator(path, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const auto name = joined(inside, entry->path().filename().string());
    if (entry->symlink_status(error).type() == fs::file_type::directory && is_wanted(name, true)) add(name);
  }
}

// A folder may be watched from before it was ignored.
bool FolderWatch::is_wanted(const std::string& path, bool is_folder) const {
  if (path == kManifestFile || path == ".fnignore") return true;
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (rules_.ignores(path.substr(0, slash), true)) return false;
  }
  return !rules_.ignores(path, is_folder);
}

bool FolderWatch::wait(std::chrono::milliseconds patience) {
  std::array<pollfd, 2> watched{pollfd{inotify_, POLLIN, 0}, pollfd{stopped_, POLLIN, 0}};
  const auto ready = ::poll(watched.data(), watched.size(), static_cast<int>(patience.count()));
  return ready > 0 && watched[0].revents != 0;
}

void FolderWatch::take_events(std::set<std::string>& changed) {
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const auto size = ::read(inotify_, buffer.data(), buffer.size());
    if (size <= 0) return;
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        changed.insert("(too many to tell)");
        add("");
        continue;
      }
      const auto watch = watches_.find(event->wd);
      if (watch == watches_.end()) continue;
      if ((event->mask & IN_IGNORED) != 0) {
        watches_.erase(watch);
        continue;
      }
      if (event->len == 0) continue;  // of the folder itself
      const auto path = joined(watch->second, event->name);
      const bool is_folder = (event->mask & IN_ISDIR) != 0;
      if (!is_wanted(path, is_folder)) continue;
      changed.insert(path);
      if (is_folder && (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0) add(path);
    }
  }
}

std::set<std::string> FolderWatch::await_change(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const std::uint64_t one = 1;
    (void)!::write(stopped_, &one, sizeof one);
  });
  std::set<std::string> changed;
  while (changed.empty() && !stop.stop_requested()) {
    if (wait(-1ms)) take_events(changed);
  }
  const auto end = std::chrono::steady_clock::now() + kLongest;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < end && wait(kQuiet)) take_events(changed);
  return stop.stop_requested() ? std::set<std::string>{} : changed;
}

}  // namespace hearth::cli
