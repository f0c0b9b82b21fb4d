// The replica's process: listens, serves, and on SIGTERM finishes what runs.
#include "connections.h"
#include "listen.h"
#include "logs.h"
#include "session.h"

#include <signal.h>
#include <unistd.h>

#include <thread>

using namespace hearth::server;

namespace {

void accept(Acceptor& acceptor, Connections& connections) {
  for (;;) {
    boost::system::error_code error;
    Socket socket{acceptor.get_executor()};
    acceptor.accept(socket, error);
    if (!error) {
      connections.add(std::move(socket));
      continue;
    }
    std::cerr << "cannot accept: " << error.message() << "\n";
    std::this_thread::sleep_for(std::chrono::milliseconds{100});  // descriptors are given back meanwhile
  }
}

}  // namespace

int main() {
  install_logs();
  // Every thread inherits this: signals are awaited here, and nowhere else delivered.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  const auto process = read_process();
  Connections connections{[&](Socket& socket, Connections::Place& place) { serve(socket, place, process); }};
  try {
    boost::asio::io_context loop;
    auto acceptor = listen(loop);
    std::thread{[&] { accept(acceptor, connections); }}.detach();
    int signal = 0;
    sigwait(&ends, &signal);
    connections.end();
    ::_exit(0);  // the thread that accepts, and those of a handler's own, are no reason to stay
  } catch (const boost::system::system_error& error) {
    std::cerr << "cannot listen: " << error.what() << "\n";
    return 1;
  }
}
