// What the cells of compiled runtimes run: waits at $HEARTH_CELL to be told what function this container is, then runs
// the function's program in its own place: `launch PROGRAM [WORD…]`. Descriptor 3 is the connection to hearthd, on
// which the program says when it listens; $HEARTH_CELL_FD names it. Static and without the C++ library: each idle cell
// holds this in memory.
#include "launcher/handover.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

using hearth::launcher::Handover;

constexpr int kConnection = 3;
constexpr int kDoesNotLoad = 121;  // what hearthd knows as "the handler does not load"
constexpr std::size_t kPiece = 64 << 10;

char line[4 << 20];  // of a handover; the pages of what is not written cost nothing
Handover handover;

[[noreturn]] void end(const char* why) {
  std::fprintf(stderr, "this cell ends: %s\n", why);
  std::exit(1);
}

[[noreturn]] void end_by_error(const char* attempt) {
  std::fprintf(stderr, "this cell ends: cannot %s: %s\n", attempt, std::strerror(errno));
  std::exit(1);
}

// The first process of a container ignores what it does not handle.
void end_on_request() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { ::_exit(128 + signal); };
  for (const int signal : {SIGTERM, SIGINT}) ::sigaction(signal, &action, nullptr);
}

// Bound by another name and renamed: whoever finds `path` is heard.
int listen_at(const char* path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const int length = std::snprintf(address.sun_path, sizeof address.sun_path, "%s.%d", path, ::getpid());
  if (length < 0 || static_cast<std::size_t>(length) >= sizeof address.sun_path)
    end("the path of $HEARTH_CELL is too long");
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::unlink(address.sun_path);
  const bool listens = listener >= 0 &&
                       ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                       ::chmod(address.sun_path, 0666) == 0 &&  // its folder says who may come here
                       ::listen(listener, 8) == 0 && ::rename(address.sun_path, path) == 0;
  if (!listens) end_by_error("listen at $HEARTH_CELL");
  return listener;
}

void accept_at(const char* path) {
  const int listener = listen_at(path);
  int connection = -1;
  do {
    connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  } while (connection < 0 && errno == EINTR);
  if (connection < 0) end_by_error("accept at $HEARTH_CELL");
  ::unlink(path);
  if (listener != kConnection) ::close(listener);
  if (connection == kConnection) return;
  if (::dup3(connection, kConnection, O_CLOEXEC) < 0) end_by_error("keep the connection");  // the listener ends by it
  ::close(connection);
}

std::size_t receive(char* buffer, std::size_t size, const char* otherwise) {
  for (;;) {
    const auto got = ::recv(kConnection, buffer, size, 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) end(otherwise);
    if (errno != EINTR) end_by_error("read from hearthd");
  }
}

// Bytes came and what of them is behind the line.
struct Rest {
  const char* begin;
  std::size_t size;
};

Rest take_handover() {
  std::size_t size = 0;
  char* line_end = nullptr;
  while (line_end == nullptr) {
    if (size == sizeof line) end("its handover has no end");
    const std::size_t got = receive(line + size, sizeof line - size, "hearthd left before its handover was whole");
    line_end = static_cast<char*>(std::memchr(line + size, '\n', got));
    size += got;
  }
  if (!hearth::launcher::read_handover(line, line_end, handover)) end("what it was handed is no handover");
  const Rest rest{.begin = line_end + 1, .size = static_cast<std::size_t>(line + size - line_end - 1)};
  if (rest.size > handover.package) end("more came behind its handover");
  return rest;
}

pid_t start_tar(int input) {
  const pid_t tar = ::fork();
  if (tar != 0) return tar;
  ::dup2(input, STDIN_FILENO);
  ::execlp("tar", "tar", "--extract", "--file=-", "--blocking-factor=128", "--preserve-permissions", "--directory",
           handover.folder, nullptr);
  ::_exit(127);
}

void unpack(Rest rest) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) end_by_error("unpack the package");
  const pid_t tar = start_tar(ends[0]);
  if (tar < 0) end_by_error("start tar");
  ::close(ends[0]);
  static char piece[kPiece];
  std::uint64_t left = handover.package;
  while (left > 0) {
    if (rest.size == 0) {
      rest.begin = piece;
      rest.size = receive(piece, left < kPiece ? left : kPiece, "hearthd left before the package was whole");
    }
    const auto sent = ::send(ends[1], rest.begin, rest.size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) break;  // it has said why
    rest.begin += sent;
    rest.size -= static_cast<std::size_t>(sent);
    left -= static_cast<std::uint64_t>(sent);
  }
  ::close(ends[1]);
  int status = 0;
  while (::waitpid(tar, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0 || left > 0) end("the package cannot be unpacked");
}

void become() {
  for (std::size_t at = 0; at < handover.variable_count; ++at) {
    if (::setenv(handover.variables[at].name, handover.variables[at].value, 1) != 0) end_by_error("set a variable");
  }
  ::unsetenv("HEARTH_CELL");
  ::setenv("HEARTH_CELL_FD", "3", 1);
  if (::chdir(handover.folder) != 0) end_by_error("enter the function's folder");
  if (::fcntl(kConnection, F_SETFD, 0) != 0) end_by_error("pass the connection on");
}

}  // namespace

int main(int count, char** words) {
  const char* path = std::getenv("HEARTH_CELL");
  if (count < 2 || path == nullptr) {
    std::fputs("launch PROGRAM [WORD…]: waits at $HEARTH_CELL, then runs the program\n", stderr);
    return 2;
  }
  end_on_request();
  accept_at(path);
  const Rest rest = take_handover();
  if (handover.package > 0) unpack(rest);
  become();
  ::execv(words[1], words + 1);
  std::fprintf(stderr, "%s cannot be run: %s\n", words[1], std::strerror(errno));
  return kDoesNotLoad;
}
