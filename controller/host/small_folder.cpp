#include "host/small_folder.h"

#include "domain/error.h"
#include "ports/host.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace hearth::host {

bool mount_small_folder(const std::filesystem::path& folder, uid_t user) {
  const std::string id = std::to_string(user);
  // A few sockets and room to rename them; sockets take no space but their names.
  const std::string options = "size=64k,nr_inodes=32,mode=700,uid=" + id + ",gid=" + id;
  if (::mount("hearth", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()) == 0) return true;
  if (errno == EPERM) return false;
  throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                      "mount a socket folder at " + folder.string() + ": " + std::strerror(errno));
}

void unmount_small_folder(const std::filesystem::path& folder) noexcept {
  ::umount2(folder.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

bool sees_our_mounts(const std::filesystem::path& socket) {
  const ports::Descriptor connection{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.string().size() >= sizeof address.sun_path) return false;
  std::strcpy(address.sun_path, socket.c_str());
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  ucred peer{};  // a pid of 0: in a namespace of processes that we do not see
  socklen_t size = sizeof peer;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return false;
  struct stat ours {};
  struct stat theirs {};
  const auto space = "/proc/" + std::to_string(peer.pid) + "/ns/mnt";
  return ::stat("/proc/self/ns/mnt", &ours) == 0 && ::stat(space.c_str(), &theirs) == 0 &&
         ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

}  // namespace hearth::host
