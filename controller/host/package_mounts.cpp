#include "host/package_mounts.h"

#include "domain/error.h"
#include "ports/host.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>

namespace hearth::host {

namespace fs = std::filesystem;
using ports::Descriptor;

namespace {

// Linux 5.12's, which not every C library has yet.
constexpr unsigned kClone = 1;          // OPEN_TREE_CLONE
constexpr unsigned kFromEmptyPath = 4;  // MOVE_MOUNT_F_EMPTY_PATH
constexpr std::uint64_t kReadOnly = 0x1;
constexpr std::uint64_t kNoSetUser = 0x2;
constexpr std::uint64_t kNoDevices = 0x4;
struct Attributes {  // struct mount_attr
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;
  std::uint64_t user_namespace = 0;
};

[[noreturn]] void fail(const std::string& attempt) {
  throw domain::Error(domain::Code::unavailable, domain::Layer::gateway, attempt + ": " + std::strerror(errno));
}

Descriptor open_tree(const fs::path& folder) {
  return Descriptor{
      static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, folder.c_str(), kClone | O_CLOEXEC | AT_SYMLINK_NOFOLLOW))};
}

bool seal(const Descriptor& tree) {
  Attributes attributes{.set = kReadOnly | kNoSetUser | kNoDevices, .propagation = MS_PRIVATE};
  return ::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0;
}

// Older kernels, and what keeps system calls from a container, have some of them only.
bool can_seal(const fs::path& folder) {
  const auto tree = open_tree(folder);
  return tree && seal(tree);
}

// mountinfo(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 - ext3 /dev/root rw,errors=continue"
bool hands_on(const fs::path& folder) {
  std::ifstream table{"/proc/self/mountinfo"};
  bool shared = false;
  for (std::string line; std::getline(table, line);) {
    std::istringstream words{line};
    std::string skipped;
    std::string place;
    words >> skipped >> skipped >> skipped >> skipped >> place;
    if (place == folder.string()) shared = line.find(" shared:") != line.npos;  // the last one is on top
  }
  return shared;
}

}  // namespace

bool PackageMounts::open() {
  const std::lock_guard lock{mutex_};
  if (open_) return true;
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) return false;
  ::chmod(folder_.c_str(), 0711);
  if (!can_seal(folder_)) return false;
  if (!hands_on(folder_)) {  // else an earlier hearthd's is still there
    if (::mount(folder_.c_str(), folder_.c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
    // Private first: in a group of its own, or whoever shares the mount around it would be handed on to as well.
    if (::mount(nullptr, folder_.c_str(), nullptr, MS_PRIVATE, nullptr) != 0 ||
        ::mount(nullptr, folder_.c_str(), nullptr, MS_SHARED, nullptr) != 0) {
      ::umount2(folder_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
      return false;
    }
  }
  return open_ = true;
}

fs::path PackageMounts::make(const std::string& name) {
  auto folder = folder_ / name;
  if (!open() || ::mkdir(folder.c_str(), 0755) != 0) fail("make the folder " + folder.string());
  return folder;
}

void PackageMounts::rename(const std::string& name, const std::string& to) {
  if (::rename((folder_ / name).c_str(), (folder_ / to).c_str()) != 0 && errno != ENOENT) {
    fail("rename the folder of cell " + name);
  }
}

void PackageMounts::bind(const std::string& name, const fs::path& package) {
  const auto attempt = "bind a package to " + (folder_ / name).string();
  const auto tree = open_tree(package);
  // Before it is anywhere: bound first and made read-only after, it would stay writable where it was handed on to.
  if (!tree || !seal(tree)) fail(attempt);
  if (::syscall(SYS_move_mount, tree.get(), "", AT_FDCWD, (folder_ / name).c_str(), kFromEmptyPath) != 0) fail(attempt);
}

void PackageMounts::remove(const std::string& name) noexcept {
  const auto folder = folder_ / name;
  ::umount2(folder.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  ::rmdir(folder.c_str());
}

void PackageMounts::close() noexcept {
  const std::lock_guard lock{mutex_};
  std::error_code failed;
  if (!open_ || !fs::is_empty(folder_, failed) || failed) return;
  ::umount2(folder_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  open_ = false;
}

}  // namespace hearth::host
