// hearthd's data plane with nothing behind it but one process that is there already: the real gateway and the real
// dispatcher, over an engine in memory whose only replica is the bench's upstream.
//
//   bench_gateway_host SOCKET PORT [CONCURRENCY [THREADS]]
//       serves /fn/echo on 127.0.0.1:PORT from the server on the unix socket until SIGTERM; as many calls at once as
//       said, else 256, with as many threads as said, else as there are processors
#include "control/dispatcher.h"
#include "fakes/fake_engine.h"
#include "gateway/gateway.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace hearth {
namespace {

// Connects to the upstream's own socket; sockets of containers are looked at harder, once a connection.
class UpstreamHost final : public ports::Doors {
 public:
  explicit UpstreamHost(std::string socket) : socket_(std::move(socket)) {}

  ports::Descriptor connect(const ports::UnixAddress& /*address*/) override {
    ports::Descriptor descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
    if (::connect(descriptor.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw domain::Error(domain::Code::unavailable, domain::Layer::function, "nothing listens on " + socket_);
    }
    return descriptor;
  }

 private:
  std::string socket_;
};

// One replica, with room for every connection of the bench.
domain::Revision echo_revision(std::uint32_t concurrency) {
  domain::Revision revision;
  revision.function = {.space = "default", .name = "echo"};
  revision.number = 1;
  revision.state = domain::RevisionState::ready;
  revision.image = "echo";
  revision.spec.name = revision.function;
  revision.spec.runtime = "echo";
  revision.spec.limits.concurrency = concurrency;
  revision.spec.limits.body = domain::mebibytes(64);
  revision.spec.limits.timeout = std::chrono::minutes{5};
  revision.spec.scale.min = 1;
  revision.spec.scale.max = 1;
  return revision;
}

int run(const std::string& socket, const std::string& port, std::uint32_t concurrency, std::uint32_t threads) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  UpstreamHost host{socket};
  tests::FakeEngine engine;
  engine.behave({.address = ports::UnixAddress{.replica = 1, .owner = "bench"}});
  const ports::SystemClock clock;
  control::Dispatcher dispatcher{engine, clock, {.gateway_threads = threads}};
  dispatcher.serve(echo_revision(concurrency));
  gateway::Gateway gateway{dispatcher, host, {.server = {.address = "127.0.0.1:" + port, .threads = threads}}};
  gateway.start();
  int signal = 0;
  sigwait(&ends, &signal);
  gateway.stop(std::chrono::seconds(1));
  return 0;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "usage: %s SOCKET PORT [CONCURRENCY [THREADS]]\n", argv[0]);
    return 2;
  }
  try {
    const auto number = [&](int at, unsigned otherwise) {
      return argc > at ? static_cast<unsigned>(std::atoi(argv[at])) : otherwise;
    };
    return hearth::run(argv[1], argv[2], number(3, 256), number(4, std::max(1u, std::thread::hardware_concurrency())));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
