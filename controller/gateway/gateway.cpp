#include "gateway/gateway.h"

#include "gateway/call.h"
#include "http/exchange.h"

#include <utility>

namespace hearth::gateway {
namespace {

class CallHandler final : public http::Handler {
 public:
  CallHandler(http::Loop& loop, control::Dispatcher& dispatcher, ports::Doors& host, const Gateway::Settings& settings)
      : around_{.loop = loop,
                .dispatcher = dispatcher,
                .host = host,
                .functions = control::Directory::Reader(dispatcher.directory()),
                .ids = {},
                .explain_patience = settings.explain_patience,
                .web_sockets = settings.web_sockets} {
    for (const auto& door : settings.doors) doors_.emplace_back(door.prefix, door.make_handler(loop));
  }

  http::Task<> serve(http::Exchange& exchange) override {
    if (auto* door = door_of(exchange.request().target)) {
      co_await door->serve(exchange);
      co_return;
    }
    Call call(around_, exchange);
    co_await call.run();
  }

 private:
  http::Handler* door_of(std::string_view target) const noexcept {
    if (is_function_path(target)) return nullptr;  // most are
    for (const auto& [prefix, handler] : doors_) {
      if (target.starts_with(prefix)) return handler.get();
    }
    return nullptr;
  }

  Surroundings around_;
  std::vector<std::pair<std::string, std::unique_ptr<http::Handler>>> doors_;
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
  Impl(control::Dispatcher& dispatcher, ports::Doors& host, Settings given)
      : settings(std::move(given)),
        server(with_timing(std::exchange(settings.server, {})),
               [this, &dispatcher, &host](http::Loop& loop, std::uint32_t thread) -> std::unique_ptr<http::Handler> {
                 check(dispatcher, thread);
                 return std::make_unique<CallHandler>(loop, dispatcher, host, settings);
               }) {}

  Settings settings;  // the server's own are with it
  http::Server server;
};

Gateway::Gateway(control::Dispatcher& dispatcher, ports::Doors& host, Settings settings)
    : impl_(new Impl(dispatcher, host, std::move(settings))) {}
Gateway::~Gateway() = default;
void Gateway::start() { impl_->server.start(); }
void Gateway::hand_over(const http::Server::Give& give) { impl_->server.hand_over(give); }
bool Gateway::await_empty(std::chrono::steady_clock::time_point until) { return impl_->server.await_empty(until); }
void Gateway::take(http::Passed connection) { impl_->server.take(std::move(connection)); }
std::vector<int> Gateway::descriptors() const { return impl_->server.descriptors(); }
void Gateway::stop(std::chrono::milliseconds grace) { impl_->server.stop(grace); }
std::uint16_t Gateway::port() const noexcept { return impl_->server.port(); }

}  // namespace hearth::gateway
