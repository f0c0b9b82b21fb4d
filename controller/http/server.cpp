#include "http/server.h"

#include "domain/error.h"
#include "http/compose.h"
#include "http/listener.h"
#include "http/problem.h"
#include "http/session.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace hearth::http {
namespace {

// What a client beyond the limit is told, made once.
std::string full(const Fields& fields) {
  const domain::Fault fault{
      .code = domain::Code::unavailable, .layer = domain::Layer::limit, .message = "too many connections are open"};
  const auto body = problem(fault);
  std::string out;
  compose_status(out, 503, reason_phrase(503));
  for (const auto& [name, value] : fields) compose_field(out, name, value);
  compose_field(out, "Content-Type", kProblemType);
  compose_field(out, "Retry-After", "1");
  compose_field(out, "Connection", "close");
  compose_number(out, "Content-Length", body.size());
  return out + "\r\n" + body;
}

}  // namespace

struct Server::Impl {
  // One thread's part of the server.
  struct Worker {
    Worker(Impl& impl, std::uint32_t index, int fd, const MakeHandler& make_handler)
        : loop(std::make_shared<Loop>(index)),
          listener(std::in_place, *loop, fd),
          handler(make_handler(*loop, index)),
          sessions{.loop = *loop,
                   .handler = *handler,
                   .limits = impl.settings.limits,
                   .refusal_fields = impl.settings.refusal_fields,
                   .report = impl.settings.report,
                   .on_end = [&impl] { impl.session_ended(); }} {}

    std::shared_ptr<Loop> loop;
    std::optional<Socket> listener;
    std::unique_ptr<Handler> handler;
    Sessions sessions;
    std::jthread thread;
  };

  explicit Impl(Settings given) : settings(std::move(given)), refusal(full(settings.refusal_fields)) {}

  void take(Worker& worker, Passed connection) {
    const int fd = connection.fd;
    if (open.fetch_add(1) >= settings.limits.connections) {
      [[maybe_unused]] const auto sent = ::send(fd, refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      ::close(fd);
      session_ended();
      return;
    }
    worker.loop->spawn(run_session(worker.sessions, std::move(connection)));
  }

  void session_ended() {
    if (open.fetch_sub(1) != 1) return;
    const std::lock_guard lock(mutex);
    changed.notify_all();
  }

  Task<> accept(Worker& worker) {
    const std::function<void(int, std::string)> taker = [this, &worker](int fd, std::string peer) {
      take(worker, {.fd = fd, .peer = std::move(peer), .fresh = true});
    };
    co_await accept_all(*worker.listener, taker);
    const std::lock_guard lock(mutex);
    ::close(worker.listener->release());  // others may hold copies: closed alone it would still wake this loop
    worker.listener.reset();
    --accepting;
    changed.notify_all();
  }

  Settings settings;
  const std::string refusal;
  std::vector<std::unique_ptr<Worker>> workers;
  std::uint16_t port = 0;
  std::atomic<std::size_t> open{0};
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t accepting = 0;
  std::atomic<std::size_t> taken{0};  // connections that another server gave
  bool running = false;
};

Server::Server(Settings settings, const MakeHandler& make_handler)
    : impl_(std::make_unique<Impl>(std::move(settings))) {
  auto& given = impl_->settings;
  given.threads = std::max<std::uint32_t>(given.threads, 1);
  const auto sockets =
      given.descriptors.empty() ? listen_on(given.address, given.threads) : share(given.descriptors, given.threads);
  impl_->port = port_of(sockets[0]);
  for (std::uint32_t i = 0; i < sockets.size(); ++i) {
    impl_->workers.push_back(std::make_unique<Impl::Worker>(*impl_, i, sockets[i], make_handler));
  }
}

Server::~Server() { stop(std::chrono::milliseconds{0}); }

std::uint16_t Server::port() const noexcept { return impl_->port; }

void Server::start() {
  impl_->running = true;
  impl_->accepting = impl_->workers.size();
  for (auto& worker : impl_->workers) {
    worker->loop->post([impl = impl_.get(), at = worker.get()] { at->loop->spawn(impl->accept(*at)); });
    worker->thread = std::jthread([at = worker.get()] { at->loop->run(); });
  }
}

void Server::hand_over(const Give& give) {
  for (auto& worker : impl_->workers) {
    worker->loop->post([at = worker.get(), give] {
      if (at->listener) at->listener->interrupt_read();
      at->sessions.hand_over(give);
    });
  }
}

bool Server::await_empty(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_until(lock, until, [this] { return impl_->accepting == 0 && impl_->open == 0; });
}

void Server::take(Passed connection) {
  auto& worker = *impl_->workers[impl_->taken++ % impl_->workers.size()];
  worker.loop->post([impl = impl_.get(), at = &worker, connection = std::move(connection)]() mutable {
    impl->take(*at, std::move(connection));
  });
}

std::vector<int> Server::descriptors() const {
  std::vector<int> copies;
  const std::lock_guard lock(impl_->mutex);
  for (const auto& worker : impl_->workers) {
    if (worker->listener) copies.push_back(::fcntl(worker->listener->fd(), F_DUPFD_CLOEXEC, 0));
  }
  return copies;
}

void Server::stop(std::chrono::milliseconds grace) {
  if (!std::exchange(impl_->running, false)) return;
  for (auto& worker : impl_->workers) {
    worker->loop->post([at = worker.get()] {
      if (at->listener) at->listener->interrupt_read();
      at->sessions.stop();
    });
  }
  const auto ended = [this] { return impl_->accepting == 0 && impl_->open == 0; };
  std::unique_lock lock(impl_->mutex);
  if (!impl_->changed.wait_for(lock, grace, ended)) {
    lock.unlock();
    for (auto& worker : impl_->workers) {
      worker->loop->post([at = worker.get()] { at->sessions.abort(); });
    }
    lock.lock();
    impl_->changed.wait(lock, ended);
  }
  lock.unlock();
  for (auto& worker : impl_->workers) {
    worker->loop->stop();
    worker->thread.join();
  }
}

}  // namespace hearth::http
