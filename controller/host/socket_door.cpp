#include "host/socket_door.h"

#include "domain/error.h"
#include "host/cgroup.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace hearth::host {

using ports::Descriptor;

namespace {

Descriptor open_beneath(int folder, const char* name) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return Descriptor{static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how))};
}

Knocked foreign(std::string why) { return {.result = Knock::foreign, .why = std::move(why)}; }

Knocked no_entry(int error) {
  switch (error) {
    case ENOENT: return {};
    case ELOOP: return foreign("a symbolic link");
    case EXDEV: return foreign("a way out of its folder");
    default:
      throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                          std::string{"open a function's socket: "} + std::strerror(error));
  }
}

std::string kind_of(mode_t mode) {
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISDIR(mode)) return "a folder";
  return "a file";
}

std::string read_small_file(const char* path) {
  const Descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
  std::string text(8192, '\0');
  const auto size = file ? ::read(file.get(), text.data(), text.size()) : 0;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

// Who called listen() on the other end, as the kernel noted it then.
bool is_owners(int connection, const std::string& owner) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return false;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/cgroup", static_cast<int>(peer.pid));
  return belongs_to(read_small_file(path), owner);
}

int connect_to_inode(int connection, int inode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", inode);
  return ::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

}  // namespace

Knocked knock(int folder, const char* socket, const std::string& owner) {
  const Descriptor inode = open_beneath(folder, socket);
  if (!inode) return no_entry(errno);
  struct stat status {};
  if (::fstat(inode.get(), &status) != 0) return no_entry(errno);
  if (!S_ISSOCK(status.st_mode)) return foreign(kind_of(status.st_mode));

  Descriptor connection{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!connection) return no_entry(errno);
  switch (connect_to_inode(connection.get(), inode.get())) {
    case 0: break;
    case EAGAIN: return {.result = Knock::full};
    case ECONNREFUSED: return {.result = Knock::refused};
    case EPROTOTYPE: return foreign("a socket of another kind");
    default: return no_entry(errno);
  }
  if (!is_owners(connection.get(), owner)) return foreign("a socket that no process of its container listens on");
  return {.result = Knock::open, .connection = std::move(connection)};
}

}  // namespace hearth::host
