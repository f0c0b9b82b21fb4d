#include "docker/own_dockerd.h"

#include "engines/docker/probe.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace hearth::docker {

using namespace std::chrono_literals;

void bring_up_loopback() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  ::ioctl(socket, SIOCSIFFLAGS, &request);
  ::close(socket);
}

OwnDockerd::OwnDockerd(std::vector<std::string> options, bool in_our_network)
    : socket_(folder_ / "docker.sock"), options_(std::move(options)), in_our_network_(in_our_network) {
  start();
}

// A live-restore daemon leaves its containers and their mounts behind: they go with the folder.
OwnDockerd::~OwnDockerd() {
  stop();
  std::vector<std::string> mounts;
  std::ifstream table{"/proc/self/mountinfo"};
  for (std::string line; std::getline(table, line);) {
    const auto at = line.find(" " + folder_.path().string() + "/");
    if (at != line.npos) mounts.push_back(line.substr(at + 1, line.find(' ', at + 1) - at - 1));
  }
  for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount) ::umount2(mount->c_str(), MNT_DETACH);
}

void OwnDockerd::start() {
  std::vector<std::string> words{"dockerd",
                                 "--data-root=" + (folder_ / "data").string(),
                                 "--exec-root=" + (folder_ / "exec").string(),
                                 "--pidfile=" + (folder_ / "pid").string(),
                                 "--host=unix://" + socket_,
                                 "--storage-driver=overlay2"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = folder_ / "log";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setsid();
    if (!in_our_network_) {
      if (::unshare(CLONE_NEWNET) != 0) ::_exit(126);
      bring_up_loopback();
    }
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (probe(socket_) != 0) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_ || std::chrono::steady_clock::now() > deadline) {
      std::ifstream told{log};
      throw std::runtime_error("dockerd does not start: " + std::string{std::istreambuf_iterator<char>{told}, {}});
    }
    std::this_thread::sleep_for(20ms);
  }
}

void OwnDockerd::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace hearth::docker
