#include "gateway/gateway.h"

#include "gateway/call.h"
#include "http/exchange.h"

namespace hearth::gateway {
namespace {

class CallHandler final : public http::Handler {
 public:
  CallHandler(http::Loop& loop, control::Dispatcher& dispatcher, ports::Doors& host, std::chrono::milliseconds patience,
              TunnelLimits web_sockets)
      : around_{.loop = loop,
                .dispatcher = dispatcher,
                .host = host,
                .functions = control::Directory::Reader(dispatcher.directory()),
                .ids = {},
                .explain_patience = patience,
                .web_sockets = web_sockets} {}

  http::Task<> serve(http::Exchange& exchange) override {
    Call call(around_, exchange);
    co_await call.run();
  }

 private:
  Surroundings around_;
};

// What a pool could not count with would be a thread beyond its slots.
void check(const control::Dispatcher& dispatcher, std::uint32_t thread) {
  if (thread < dispatcher.gateway_threads()) return;
  throw domain::Error(domain::Code::internal, domain::Layer::gateway,
                      "the gateway has more threads than its dispatcher was made for, which is " +
                          std::to_string(dispatcher.gateway_threads()));
}

// What no function was asked for took no time of any.
http::Server::Settings with_timing(http::Server::Settings settings) {
  settings.refusal_fields.emplace_back("Server-Timing", "exec;dur=0.000");
  return settings;
}

}  // namespace

struct Gateway::Impl {
  http::Server server;
};

Gateway::Gateway(control::Dispatcher& dispatcher, ports::Doors& host, Settings settings)
    : impl_(new Impl{
          http::Server(with_timing(std::move(settings.server)),
                       [&dispatcher, &host, patience = settings.explain_patience, web_sockets = settings.web_sockets](
                           http::Loop& loop, std::uint32_t thread) -> std::unique_ptr<http::Handler> {
                         check(dispatcher, thread);
                         return std::make_unique<CallHandler>(loop, dispatcher, host, patience, web_sockets);
                       })}) {}
Gateway::~Gateway() = default;
void Gateway::start() { impl_->server.start(); }
void Gateway::hand_over(const http::Server::Give& give) { impl_->server.hand_over(give); }
bool Gateway::await_empty(std::chrono::steady_clock::time_point until) { return impl_->server.await_empty(until); }
void Gateway::take(http::Passed connection) { impl_->server.take(std::move(connection)); }
std::vector<int> Gateway::descriptors() const { return impl_->server.descriptors(); }
void Gateway::stop(std::chrono::milliseconds grace) { impl_->server.stop(grace); }
std::uint16_t Gateway::port() const noexcept { return impl_->server.port(); }

}  // namespace hearth::gateway
