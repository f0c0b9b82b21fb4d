#include "systemd.h"

#include "domain/error.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace hearth {

Sockets inherited_sockets() {
  constexpr int kFirst = 3;
  Sockets sockets;
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::atoi(pid) != ::getpid()) return sockets;
  const char* named = std::getenv("LISTEN_FDNAMES");
  std::istringstream names(named == nullptr ? "" : named);
  for (int fd = kFirst; fd < kFirst + std::atoi(count); ++fd) {
    std::string name;
    std::getline(names, name, ':');
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (name == "gateway") {
      sockets.gateway.emplace_back(fd);
    } else if (name == "api") {
      sockets.api.emplace_back(fd);
    } else {
      throw domain::Error(domain::Code::invalid, domain::Layer::client,
                          "a listening socket was handed to hearthd by the name \"" + name + "\"",
                          "set FileDescriptorName= of its socket unit to gateway or api");
    }
  }
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  return sockets;
}

std::string supervisor_of(pid_t pid) {
  if (pid <= 0 || pid == ::getpid()) return {};
  if (pid == 1) return "its container";
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  for (std::string variable; std::getline(file, variable, '\0');) {
    if (variable.starts_with("NOTIFY_SOCKET=") && std::getenv("NOTIFY_SOCKET") == nullptr) return "systemd";
  }
  return {};
}

void notify_systemd(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  const std::string name = path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return;
  std::ranges::copy(name, address.sun_path);
  if (name.front() == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const ports::Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace hearth
