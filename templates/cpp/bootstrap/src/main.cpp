// The replica's process: listens, serves, and on SIGTERM finishes what runs.
#include "cell.h"
#include "connections.h"
#include "listen.h"
#include "logs.h"
#include "session.h"

#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

using namespace hearth::server;

namespace {

sem_t told_to_end;

void on(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = handler;
  ::sigaction(signal, &action, nullptr);
}

// They are caught, neither blocked nor ignored: the programs that a handler starts have theirs as any program.
void catch_signals() {
  ::sem_init(&told_to_end, 0, 0);
  for (const int end : {SIGTERM, SIGINT}) on(end, [](int) { ::sem_post(&told_to_end); });
  on(SIGPIPE, [](int) {});
}

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
  catch_signals();

  const auto process = read_process();
  Connections connections{[&](Socket& socket, Connections::Place& place) { serve(socket, place, process); }};
  try {
    boost::asio::io_context loop;
    auto acceptor = listen(loop);
    tell_cell_ready();
    std::thread{[&] { accept(acceptor, connections); }}.detach();
    while (::sem_wait(&told_to_end) != 0) {
    }
    connections.end();
    ::_exit(0);  // the thread that accepts, and those of a handler's own, are no reason to stay
  } catch (const boost::system::system_error& error) {
    std::cerr << "cannot listen: " << error.what() << "\n";
    return 1;
  }
}
