#include "http/blocking.h"

#include "http/blocking_bridge.h"
#include "http/worker_pool.h"

#include <algorithm>

namespace hearth::http {
namespace {

// One thread's handler: lends each exchange to the pool and carries out there what its thread asks for.
class Lender final : public Handler {
 public:
  Lender(BlockingHandler& handler, WorkerPool& pool) : handler_(handler), pool_(pool) {}

  Task<> serve(Exchange& exchange) override {
    BlockingBridge bridge(exchange);
    const bool taken = pool_.submit([this, &bridge] { bridge.serve_with(handler_); });
    if (!taken) {
      const domain::Fault busy{.code = domain::Code::unavailable,
                               .layer = domain::Layer::limit,
                               .message = "too many requests are being served",
                               .hint = "try again in a moment"};
      co_await exchange.respond(busy);
      co_return;
    }
    co_await bridge.obey();
  }

 private:
  BlockingHandler& handler_;
  WorkerPool& pool_;
};

}  // namespace

const std::string* Request::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, [](const auto& field) { return std::string_view(field.first); });
  return found == fields.end() ? nullptr : &found->second;
}

struct BlockingServer::Impl {
  Impl(Settings settings, BlockingHandler& handler)
      : pool(settings.max_workers), server(std::move(settings.server), [this, &handler](Loop&, std::uint32_t) {
          return std::make_unique<Lender>(handler, pool);
        }) {}

  WorkerPool pool;
  Server server;  // ends before the pool that its sessions wait for
};

BlockingServer::BlockingServer(Settings settings, BlockingHandler& handler)
    : impl_(std::make_unique<Impl>(std::move(settings), handler)) {}
BlockingServer::~BlockingServer() = default;
void BlockingServer::start() { impl_->server.start(); }
void BlockingServer::stop(std::chrono::milliseconds grace) { impl_->server.stop(grace); }
std::uint16_t BlockingServer::port() const noexcept { return impl_->server.port(); }

}  // namespace hearth::http
