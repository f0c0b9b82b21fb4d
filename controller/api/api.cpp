#include "api/api.h"

#include "api/cpprest_listener.h"
#include "api/front.h"
#include "api/routes.h"
#include "api/secret.h"
#include "http/blocking.h"
#include "telemetry/log.h"

namespace hearth::api {

namespace {

http::BlockingServer::Settings server_settings(Api::Settings settings) {
  http::BlockingServer::Settings outer;
  outer.server.address = std::move(settings.address);
  outer.server.descriptors = std::move(settings.descriptors);
  outer.server.report = [](std::string_view what) {
    telemetry::log::error("a request of the API failed", {{"why", what}});
  };
  outer.max_workers = settings.max_workers;
  return outer;
}

}  // namespace

struct Api::Impl {
  Impl(control::Service& service, control::Metering& metering, ports::Packages& packages, telemetry::LogFiles& logs,
       control::DurableCalls& calls, Info said, Settings settings)
      : info(std::move(said)),
        parts{
            .service = service, .metering = metering, .packages = packages, .logs = logs, .calls = calls, .info = info},
        inner([this](const Request& request) { return route(routes, parts, request); }, secret, settings.max_workers),
        front(routes, parts,
              {.token = std::move(settings.token),
               .inner_port = inner.port(),
               .inner_secret = secret,
               .max_waiting = settings.max_workers * 3 / 4}),
        server(server_settings(std::move(settings)), front) {}

  const Info info;
  const Parts parts;
  const Routes routes = make_routes();
  const std::string secret = make_secret();  // of this start
  CpprestListener inner;
  Front front;
  http::BlockingServer server;
};

Api::Api(control::Service& service, control::Metering& metering, ports::Packages& packages, telemetry::LogFiles& logs,
         control::DurableCalls& calls, Info info, Settings settings)
    : impl_(std::make_unique<Impl>(service, metering, packages, logs, calls, std::move(info), std::move(settings))) {}
Api::~Api() = default;
void Api::start() { impl_->server.start(); }
void Api::hand_over(const http::Server::Give& give) {
  impl_->front.end_waiting();
  impl_->server.hand_over(give);
}
bool Api::await_empty(std::chrono::steady_clock::time_point until) { return impl_->server.await_empty(until); }
void Api::take(http::Passed connection) { impl_->server.take(std::move(connection)); }
std::vector<int> Api::descriptors() const { return impl_->server.descriptors(); }
void Api::stop(std::chrono::milliseconds grace) {
  impl_->front.end_waiting();
  impl_->server.stop(grace);
}
std::uint16_t Api::port() const noexcept { return impl_->server.port(); }
std::uint16_t Api::inner_port() const noexcept { return impl_->inner.port(); }

}  // namespace hearth::api
