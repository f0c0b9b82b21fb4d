#include "cli/daemon.h"

#include "domain/error.h"
#include "net/pause.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36's own header forgets this
}

extern char** environ;

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Code;
using domain::Error;
using domain::Layer;

[[noreturn]] void fail(const std::string& attempted, int reason) {
  const bool denied = reason == EACCES || reason == EPERM || reason == EROFS;
  throw Error(denied ? Code::denied : Code::internal, Layer::client, attempted + ": " + std::strerror(reason),
              denied ? "run it as root, or as the user who started hearthd" : "");
}

// With the attributes that a fresh program expects: no signal ignored, none blocked.
class SpawnPlan {
 public:
  explicit SpawnPlan(const fs::path& log) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0640);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions_, "/");
  }
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // 0, or the errno that stopped it.
  int run(pid_t& pid, const fs::path& program, char** arguments) const {
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments, environ);
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// Nothing tells when a lock is let go of but a wait that cannot be ended, so it is tried again and again.
void await_lock(int file, const fs::path& path, const std::stop_token& stop, std::chrono::milliseconds patience) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + patience;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) fail(path.string() + " cannot be locked", errno);
    if (stop.stop_requested()) throw Error(Code::cancelled, Layer::client, "waiting for another fn was interrupted");
    if (steady_clock::now() >= deadline) {
      throw Error(Code::conflict, Layer::client, "another fn up or fn down is at work: it holds " + path.string(),
                  "wait until it has ended, or look who holds it: fuser " + path.string());
    }
    net::pause(steady_clock::now() + std::chrono::milliseconds(20), stop);
  }
}

}  // namespace

std::optional<Daemon> look_at(pid_t pid) {
  const auto folder = fs::path("/proc") / std::to_string(pid);
  std::ifstream file(folder / "stat");
  std::string stat;
  if (!std::getline(file, stat)) return std::nullopt;
  const auto name = stat.rfind(')');  // a program's name may hold blanks and brackets
  if (name == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name + 1));
  std::string state;
  fields >> state;
  if (state == "Z" || state == "X") return std::nullopt;  // ended, only not yet waited for
  std::string field;
  for (int i = 4; i < 22; ++i) fields >> field;
  Daemon daemon{.pid = pid, .boot = boot_id()};
  return fields >> daemon.started ? std::optional{daemon} : std::nullopt;
}

PidFile::PidFile(const fs::path& folder, std::stop_token stop, std::chrono::milliseconds patience) {
  std::error_code error;
  if (fs::create_directories(folder, error)) ::chmod(folder.c_str(), 0711);
  if (error) fail("the folder " + folder.string() + " cannot be made", error.value());
  const auto path = folder / "hearthd.pid";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file < 0) fail(path.string() + " cannot be opened", errno);
  if (::fchmod(file, 0600) != 0) fail(path.string() + " cannot be closed to others", errno);
  await_lock(file, path, stop, patience);
  descriptor_ = file.release();
}

PidFile::~PidFile() { ::close(descriptor_); }

std::optional<Daemon> PidFile::running() const {
  std::string text(4096, '\0');
  const auto count = ::pread(descriptor_, text.data(), text.size(), 0);
  if (count <= 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(count));
  std::istringstream fields(text);
  Daemon named{.boot = {}};
  if (!(fields >> named.pid >> named.started >> named.boot) || named.pid <= 1) return std::nullopt;
  const auto now = look_at(named.pid);
  return now && now->started == named.started && now->boot == named.boot ? now : std::nullopt;
}

void PidFile::write(const Daemon& daemon) const {
  const auto text = std::to_string(daemon.pid) + " " + std::to_string(daemon.started) + " " + daemon.boot + "\n";
  clear();
  if (::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    fail("hearthd.pid cannot be written", errno);
  }
}

void PidFile::clear() const {
  if (::ftruncate(descriptor_, 0) != 0) fail("hearthd.pid cannot be written", errno);
}

Daemon start_daemon(const fs::path& program, const std::vector<std::string>& arguments, const fs::path& log) {
  std::error_code error;
  if (fs::create_directories(log.parent_path(), error)) ::chmod(log.parent_path().c_str(), 0700);
  if (error) fail("the folder " + log.parent_path().string() + " cannot be made", error.value());
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = 0;
  if (const int reason = SpawnPlan(log).run(pid, program, pointers.data()); reason != 0) {
    fail(program.string() + " cannot be started with its output in " + log.string(), reason);
  }
  return look_at(pid).value_or(Daemon{.pid = pid, .boot = {}});
}

bool has_ended(const Daemon& daemon) {
  int status = 0;
  return ::waitpid(daemon.pid, &status, WNOHANG) == daemon.pid;
}

bool stop_daemon(const Daemon& daemon, std::chrono::milliseconds patience, std::stop_token stop) {
  const Descriptor process(::pidfd_open(daemon.pid, 0));
  const auto now = look_at(daemon.pid);
  if (process < 0 || !now || now->started != daemon.started) return true;
  if (::pidfd_send_signal(process, SIGTERM, nullptr, 0) != 0 && errno != ESRCH) {
    fail("hearthd (pid " + std::to_string(daemon.pid) + ") cannot be stopped", errno);
  }
  const Descriptor woken(::eventfd(0, EFD_CLOEXEC));
  const std::stop_callback wake(stop, [&] {
    const std::uint64_t one = 1;
    (void)!::write(woken, &one, sizeof one);
  });
  pollfd watched[] = {{process, POLLIN, 0}, {woken, POLLIN, 0}};
  const int ready = ::poll(watched, 2, static_cast<int>(patience.count()));
  if (stop.stop_requested()) throw Error(Code::cancelled, Layer::client, "waiting for hearthd's end was interrupted");
  return ready > 0;
}

}  // namespace hearth::cli
