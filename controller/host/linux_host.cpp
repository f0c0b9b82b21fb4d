#include "host/linux_host.h"

#include "domain/error.h"
#include "host/container_group.h"
#include "host/freezer.h"
#include "host/remove_tree.h"
#include "host/small_folder.h"
#include "host/socket_door.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace hearth::host {

using domain::Code;
using domain::Layer;
using domain::ReplicaId;
using ports::Awaited;
using ports::Descriptor;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLargestRecord = 64 << 10;
// A freeze is given up soon, since calls may wait behind it; a thaw is not: what follows it is the replica's end.
constexpr auto kFreezePatience = 200ms;
constexpr auto kThawPatience = 2s;

[[noreturn]] void fail(const std::string& attempt, const std::string& hint = {}) {
  throw domain::Error(Code::unavailable, Layer::gateway, attempt + ": " + std::strerror(errno), hint);
}

Descriptor open_folder(int at, const std::string& name) {
  return Descriptor{::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
}

void write_all(int file, std::string_view text, const std::string& attempt) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0) fail(attempt, "free some space there");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_record(int folder) {
  const Descriptor file{::openat(folder, "record", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  std::string text(kLargestRecord, '\0');
  const auto size = file ? ::read(file.get(), text.data(), text.size()) : 0;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

Descriptor open_replicas(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::create_directories(folder.parent_path(), ignored);
  ::chmod(folder.parent_path().c_str(), 0711);
  if (::mkdir(folder.c_str(), 0711) != 0 && errno != EEXIST) {
    fail("make the folder " + folder.string(), "run it with sudo, or set another run folder");
  }
  Descriptor opened = open_folder(AT_FDCWD, folder.string());
  if (!opened) fail("open the folder " + folder.string());
  return opened;
}

domain::Error foreign(ReplicaId replica, const std::string& what) {
  return domain::Error(Code::unavailable, Layer::function,
                       "replica " + domain::format_replica(replica) + " put " + what + " in its socket's place");
}

domain::Error absent(ReplicaId replica, const std::string& why) {
  return domain::Error(Code::unavailable, Layer::function,
                       "replica " + domain::format_replica(replica) + " takes no connections: " + why);
}

// Waits for the event, at most `patience`; takes its count back.
void await_event(int event, std::chrono::steady_clock::duration patience) {
  pollfd ready{event, POLLIN, 0};
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  ::poll(&ready, 1, static_cast<int>(std::clamp<long long>(millis, 0, 3'600'000)));
  std::uint64_t count = 0;
  static_cast<void>(::read(event, &count, sizeof count) == sizeof count);
}

}  // namespace

LinuxHost::LinuxHost(const std::filesystem::path& run_folder, bool mounts_are_seen)
    : folder_(run_folder / "replicas"),
      mounts_are_seen_(mounts_are_seen),
      replicas_(open_replicas(folder_)),
      packages_(run_folder / "cells") {}

LinuxHost::~LinuxHost() { packages_.close(); }

std::filesystem::path LinuxHost::make_socket_folder(ReplicaId replica, std::uint32_t user) {
  const std::string name = domain::format_replica(replica);
  const auto path = folder_ / name;
  if (::mkdirat(replicas_.get(), name.c_str(), 0700) != 0) fail("make the folder " + path.string());
  const Descriptor own = open_folder(replicas_.get(), name);
  if (!own || ::mkdirat(own.get(), "s", 0700) != 0) fail("make the folder " + (path / "s").string());
  if (mounts_are_seen_ && mount_small_folder(path / "s", user)) return path / "s";
  const Descriptor sockets = open_folder(own.get(), "s");
  const bool given = sockets && ::fchown(sockets.get(), user, user) == 0;
  if (!given && (!sockets || ::fchmod(sockets.get(), 0777) != 0))
    fail("open " + (path / "s").string() + " to its replica");
  return path / "s";
}

void LinuxHost::remember(ReplicaId replica, const std::string& record) {
  const std::string name = domain::format_replica(replica);
  const std::string attempt = "write down replica " + name + " in " + folder_.string();
  if (::mkdirat(replicas_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) fail(attempt);
  const Descriptor own = open_folder(replicas_.get(), name);
  if (!own) fail(attempt);
  const Descriptor file{::openat(own.get(), "record.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) fail(attempt);
  write_all(file.get(), record, attempt);
  // A reader sees the whole of it or none. It need not survive the machine, so nothing is synced.
  if (::renameat(own.get(), "record.new", own.get(), "record") != 0) fail(attempt);
}

std::map<ReplicaId, std::string> LinuxHost::remembered() {
  std::map<ReplicaId, std::string> records;
  for (const auto& entry : std::filesystem::directory_iterator{folder_}) {
    const auto replica = domain::parse_replica(entry.path().filename().string());
    if (!replica) continue;
    const Descriptor own = open_folder(replicas_.get(), entry.path().filename().string());
    if (own) records[*replica] = read_record(own.get());
  }
  return records;
}

void LinuxHost::forget(ReplicaId replica) {
  processes_.end(replica);
  const std::string name = domain::format_replica(replica);
  const Descriptor own = open_folder(replicas_.get(), name);
  if (!own) return;
  unmount_small_folder(folder_ / name / "s");
  packages_.remove(name);
  if (const Descriptor sockets = open_folder(own.get(), "s")) empty_folder(sockets.get());
  empty_folder(own.get());
  ::unlinkat(replicas_.get(), name.c_str(), AT_REMOVEDIR);
}

Awaited LinuxHost::await_socket(ReplicaId replica, const std::string& owner, std::chrono::milliseconds timeout,
                                std::stop_token stop) {
  return await(replica, kFunctionSocket, owner, timeout, stop).result;
}

LinuxHost::Arrival LinuxHost::await(ReplicaId replica, const char* socket, const std::string& owner,
                                    std::chrono::milliseconds timeout, const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const Descriptor folder = socket_folder(replica);
  const Descriptor event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!event) fail("wait for a function's socket");
  const FolderWatch::Waiter waiter{watch_, folder.get(), event.get()};
  const std::stop_callback wake{stop, [&] { signal_event(event.get()); }};
  // Only for a socket that is bound and not yet listened on: its listen() is no event.
  std::chrono::steady_clock::duration pause = 1ms;
  while (true) {
    if (stop.stop_requested()) return {Awaited::cancelled};
    auto knocked = knock(folder.get(), socket, owner);
    if (knocked.result == Knock::open || knocked.result == Knock::full) {
      return {Awaited::listening, std::move(knocked.connection)};
    }
    if (knocked.result == Knock::foreign) throw foreign(replica, knocked.why);
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= 0ms) return {Awaited::timed_out};
    await_event(event.get(), knocked.result == Knock::absent ? left : std::min(left, pause));
    pause = std::min<std::chrono::steady_clock::duration>(pause * 2, 50ms);
  }
}

Descriptor LinuxHost::connect(const ports::UnixAddress& address) {
  const auto replica = address.replica;
  const Descriptor folder = socket_folder(replica);
  auto knocked = knock(folder.get(), kFunctionSocket, address.owner);
  switch (knocked.result) {
    case Knock::open: return std::move(knocked.connection);
    case Knock::absent: throw absent(replica, "its socket is gone");
    case Knock::refused: throw absent(replica, "nothing listens on its socket");
    case Knock::full: {
      auto fault = absent(replica, "its queue is full").fault();
      fault.retry_after = std::chrono::seconds{1};
      throw domain::Error(fault);
    }
    case Knock::foreign: break;
  }
  throw foreign(replica, knocked.why);
}

bool LinuxHost::can_bind() { return mounts_are_seen_ && packages_.open(); }

std::filesystem::path LinuxHost::make_package_folder(ReplicaId cell) {
  return packages_.make(domain::format_replica(cell));
}

Descriptor LinuxHost::await_cell(ReplicaId cell, const std::string& owner, std::chrono::milliseconds timeout,
                                 std::stop_token stop) {
  return await(cell, kCellSocket, owner, timeout, stop).connection;
}

void LinuxHost::become(ReplicaId cell, ReplicaId replica, const std::string& record) {
  const auto from = domain::format_replica(cell);
  const auto to = domain::format_replica(replica);
  remember(cell, record);
  packages_.rename(from, to);
  if (::renameat(replicas_.get(), from.c_str(), replicas_.get(), to.c_str()) != 0) fail("rename the folder of " + from);
}

void LinuxHost::bind_package(ReplicaId replica, const std::filesystem::path& package) {
  packages_.bind(domain::format_replica(replica), package);
}

bool LinuxHost::allow(const std::string& owner, const ports::Allowance& allowance) {
  return write_allowance(kGroups, owner, allowance);
}

std::optional<ports::MemoryUse> LinuxHost::memory_of(const std::string& owner) { return read_memory(kGroups, owner); }

bool LinuxHost::freeze(const std::string& owner) { return set_frozen(kGroups, owner, true, kFreezePatience); }
bool LinuxHost::thaw(const std::string& owner) { return set_frozen(kGroups, owner, false, kThawPatience); }

void LinuxHost::watch_processes(ReplicaId replica, const std::string& owner, std::function<void()> at_limit) {
  if (const auto group = find_group(kGroups, "pids", owner)) processes_.begin(replica, *group, std::move(at_limit));
}

// Both folders are ours: a function sees only what is inside the inner one.
Descriptor LinuxHost::socket_folder(ReplicaId replica) const {
  Descriptor own = open_folder(replicas_.get(), domain::format_replica(replica));
  Descriptor sockets = own ? open_folder(own.get(), "s") : Descriptor{};
  if (!sockets) throw absent(replica, "its folder is gone");
  return sockets;
}

}  // namespace hearth::host
