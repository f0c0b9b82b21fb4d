#include "cell.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <string_view>

namespace hearth::server {
namespace {

constinit int connection = -1;

// Before any object of the function's own is made.
[[gnu::constructor(101)]] void take() {
  const char* descriptor = std::getenv("HEARTH_CELL_FD");
  if (descriptor == nullptr) return;
  connection = std::atoi(descriptor);
  ::fcntl(connection, F_SETFD, FD_CLOEXEC);
  ::unsetenv("HEARTH_CELL_FD");
}

}  // namespace

void tell_cell_ready() {
  constexpr std::string_view kReady = "{\"ready\": true}\n";
  if (connection >= 0) ::send(connection, kReady.data(), kReady.size(), MSG_NOSIGNAL);
}

}  // namespace hearth::server
