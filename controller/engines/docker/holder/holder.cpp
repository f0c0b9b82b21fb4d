// What runs in a container that only holds its network for another one: nothing, until it is told to end. Static, so
// that an image of it needs nothing else.
#include <csignal>

int main() {
  // The kernel spares a container's first process every signal that it does not ask for.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  int told = 0;
  while (sigwait(&ends, &told) != 0) {
  }
  return 0;
}
