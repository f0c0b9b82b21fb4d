// A function's container as the tests need it: serves, or misbehaves as TEST_BEHAVIOUR says, and tells on request what
// it can see and do in there. Plain POSIX.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

extern "C" char** environ;

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string try_to_write(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return std::strerror(errno);
  ::close(file);
  return "written";
}

std::string size_of(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return std::strerror(errno);
  return std::to_string(status.f_blocks * status.f_frsize);
}

// Connects to "address:port"; how that went.
std::string try_to_connect(const std::string& target) {
  const auto colon = target.find(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(target.c_str() + colon + 1)));
  ::inet_pton(AF_INET, target.substr(0, colon).c_str(), &address.sin_addr);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  timeval patience{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const bool connected = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  std::string result = connected ? "connected" : std::strerror(errno);
  ::close(socket);
  return result;
}

std::string describe_self() {
  std::string text = "uid " + std::to_string(::getuid()) + "\n" + read_file("/proc/self/status");
  for (const char* path : {"/file", "/etc/file", "/data/file", "/tmp/file", "/dev/shm/file"}) {
    text += "write " + std::string{path} + ": " + try_to_write(path) + "\n";
  }
  for (const char* folder : {"/tmp", "/data", "/dev/shm", "/run/hearth"})
    text += std::string{"size "} + folder + ": " + size_of(folder) + "\n";
  for (char** one = environ; *one != nullptr; ++one) text += std::string{"env "} + *one + "\n";
  return text + read_file("/proc/self/mountinfo") + read_file("/proc/net/dev");
}

void eat_memory() {
  std::vector<char*> eaten;
  while (true) {
    eaten.push_back(static_cast<char*>(std::malloc(1 << 20)));
    std::memset(eaten.back(), 1, 1 << 20);
  }
}

// A child that takes memory until the kernel takes it; how it ended.
std::string eat_memory_in_a_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    // The kernel kills whoever scores highest: the child, also while its parent is as large.
    std::ofstream{"/proc/self/oom_score_adj"} << 1000;
    eat_memory();
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? "killed by " + std::to_string(WTERMSIG(status)) : "ended";
}

// As many children as there may be, and why no more; they are gone when it returns.
std::string fork_until_refused() {
  std::vector<pid_t> children;
  int error = 0;
  while (error == 0 && children.size() < 10'000) {
    const pid_t child = ::fork();
    if (child == 0) {
      while (true) ::pause();
    }
    child < 0 ? void(error = errno) : children.push_back(child);
  }
  for (const auto child : children) ::kill(child, SIGKILL);
  for (const auto child : children) ::waitpid(child, nullptr, 0);
  return std::to_string(children.size()) + " " + std::strerror(error);
}

long milliseconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
}

// The CPU time that this process got while it was busy for so many milliseconds.
std::string spin(long duration) {
  const long end = milliseconds(CLOCK_MONOTONIC) + duration;
  const long before = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
  while (milliseconds(CLOCK_MONOTONIC) < end) {
  }
  return std::to_string(milliseconds(CLOCK_PROCESS_CPUTIME_ID) - before);
}

// Bytes that a file took, and why no more. It is gone when it returns.
std::string fill(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return std::string{"0 "} + std::strerror(errno);
  const std::vector<char> block(4096, 'x');
  long written = 0;
  long last = 0;
  while ((last = ::write(file, block.data(), block.size())) > 0) written += last;
  const int error = errno;
  ::close(file);
  ::unlink(path.c_str());
  return std::to_string(written) + " " + std::strerror(error);
}

std::string ulimits() {
  std::string text;
  for (const auto& [name, which] : {std::pair{"nofile", RLIMIT_NOFILE}, {"core", RLIMIT_CORE}}) {
    rlimit limit{};
    ::getrlimit(which, &limit);
    text += (text.empty() ? "" : " ") + std::string{name} + " " + std::to_string(limit.rlim_cur) + " " +
            std::to_string(limit.rlim_max);
  }
  return text;
}

std::string answer(const std::string& path) {
  const auto argument =
      path.substr(std::min(path.size(), path.find('?') == path.npos ? path.size() : path.find('?') + 1));
  if (path.starts_with("/die")) ::_exit(std::atoi(argument.c_str()));
  if (path.starts_with("/kill")) ::raise(std::atoi(argument.c_str()));
  if (path.starts_with("/memory")) eat_memory();
  if (path.starts_with("/child-memory")) return eat_memory_in_a_child();
  if (path.starts_with("/fork")) return fork_until_refused();
  if (path.starts_with("/spin")) return spin(std::atol(argument.c_str()));
  if (path.starts_with("/fill")) return fill(argument);
  if (path.starts_with("/ulimits")) return ulimits();
  if (path.starts_with("/self")) return describe_self();
  if (path.starts_with("/connect")) return try_to_connect(argument);
  if (path.starts_with("/say")) {
    std::puts(argument.c_str());
    std::fflush(stdout);
  }
  if (path.starts_with("/flood")) {
    for (int i = std::atoi(argument.c_str()); i > 0; --i) std::printf("%07d %s\n", i, std::string(1000, 'x').c_str());
    std::fflush(stdout);
  }
  return "hello from " + env("HEARTH_REPLICA");
}

int listen_on_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string temporary = path + ".new";
  std::strncpy(address.sun_path, temporary.c_str(), sizeof address.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::perror("bind");
  ::listen(socket, 64);
  ::rename(temporary.c_str(), path.c_str());
  return socket;
}

int listen_on_port(std::uint16_t port, in_addr_t host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = host;
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::perror("bind");
  ::listen(socket, 64);
  return socket;
}

void serve(int listener) {
  while (true) {
    const int client = ::accept(listener, nullptr, nullptr);
    if (client < 0) continue;
    std::string head;
    char bytes[4096];
    while (head.find("\r\n\r\n") == head.npos) {
      const auto got = ::recv(client, bytes, sizeof bytes, 0);
      if (got <= 0) break;
      head.append(bytes, static_cast<std::size_t>(got));
    }
    const auto start = head.find(' ');
    if (start != head.npos) {
      const auto body = answer(head.substr(start + 1, head.find(' ', start + 1) - start - 1));
      const auto text =
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      for (std::size_t at = 0; at < text.size();) {
        const auto sent = ::send(client, text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) break;
        at += static_cast<std::size_t>(sent);
      }
    }
    ::close(client);
  }
}

}  // namespace

int main() {
  const auto behaviour = env("TEST_BEHAVIOUR");
  std::fprintf(stderr, "starting as %s\n", behaviour.c_str());
  if (behaviour == "exits") return 3;
  if (behaviour == "does-not-load") {
    std::fprintf(stderr, "Traceback:\n  line 1\nImportError: no module named x\n");
    return 121;
  }
  if (behaviour == "silent") {
    while (true) ::pause();
  }
  if (behaviour == "eats") eat_memory();
  if (behaviour == "stubborn") ::signal(SIGTERM, SIG_IGN);
  if (behaviour == "wrong-port") serve(listen_on_port(3000, INADDR_ANY));
  if (behaviour == "loopback") serve(listen_on_port(8080, htonl(INADDR_LOOPBACK)));
  const auto socket = env("HEARTH_SOCKET");
  serve(socket.empty() ? listen_on_port(static_cast<std::uint16_t>(std::atoi(env("PORT").c_str())), INADDR_ANY)
                       : listen_on_socket(socket));
}
