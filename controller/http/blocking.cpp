#include "http/blocking.h"

#include "http/blocking_bridge.h"
#include "http/worker_pool.h"

#include <algorithm>
#include <atomic>

namespace hearth::http {
namespace {

// How many requests are served, and may be. Counted here and not by threads: a thread that has just answered needs a
// moment until it is free, and its client may be quicker.
struct Places {
  std::atomic<std::uint32_t> taken{0};
  std::uint32_t most;
};
struct Place {
  explicit Place(Places& of) : places(of), taken(of.taken.fetch_add(1) < of.most) {}
  ~Place() { places.taken.fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  Places& places;
  const bool taken;
};

}  // namespace

struct BlockingPlaces::Impl {
  Impl(std::uint32_t threads, std::uint32_t most) : pool(threads), places{.taken = 0, .most = most} {}

  WorkerPool pool;
  Places places;
};

BlockingPlaces::BlockingPlaces(std::uint32_t threads, std::uint32_t most)
    : impl_(std::make_unique<Impl>(threads, most)) {}
BlockingPlaces::~BlockingPlaces() = default;

Task<> BlockingPlaces::serve(Exchange& exchange, BlockingHandler& handler) {
  const Place place(impl_->places);
  if (!place.taken) {
    const domain::Fault busy{.code = domain::Code::unavailable,
                             .layer = domain::Layer::limit,
                             .message = "too many requests are being served",
                             .hint = "try again in a moment"};
    co_await exchange.respond(busy);
    co_return;
  }
  BlockingBridge bridge(exchange);
  impl_->pool.submit([&handler, &bridge] { bridge.serve_with(handler); });
  co_await bridge.obey();
}

namespace {

// One thread's handler: lends each of its exchanges to the threads of all.
class Lender final : public Handler {
 public:
  Lender(BlockingHandler& handler, BlockingPlaces& places) : handler_(handler), places_(places) {}
  Task<> serve(Exchange& exchange) override { return places_.serve(exchange, handler_); }

 private:
  BlockingHandler& handler_;
  BlockingPlaces& places_;
};

}  // namespace

const std::string* Request::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, [](const auto& field) { return std::string_view(field.first); });
  return found == fields.end() ? nullptr : &found->second;
}

struct BlockingServer::Impl {
  Impl(Settings settings, BlockingHandler& handler)
      : places(settings.max_workers, settings.max_workers),
        server(std::move(settings.server),
               [this, &handler](Loop&, std::uint32_t) { return std::make_unique<Lender>(handler, places); }) {}

  BlockingPlaces places;
  Server server;  // ends before the threads that its sessions wait for
};

BlockingServer::BlockingServer(Settings settings, BlockingHandler& handler)
    : impl_(std::make_unique<Impl>(std::move(settings), handler)) {}
BlockingServer::~BlockingServer() = default;
void BlockingServer::start() { impl_->server.start(); }
void BlockingServer::hand_over(const Server::Give& give) { impl_->server.hand_over(give); }
bool BlockingServer::await_empty(std::chrono::steady_clock::time_point until) {
  return impl_->server.await_empty(until);
}
void BlockingServer::take(Passed connection) { impl_->server.take(std::move(connection)); }
std::vector<int> BlockingServer::descriptors() const { return impl_->server.descriptors(); }
void BlockingServer::stop(std::chrono::milliseconds grace) { impl_->server.stop(grace); }
std::uint16_t BlockingServer::port() const noexcept { return impl_->server.port(); }

}  // namespace hearth::http
