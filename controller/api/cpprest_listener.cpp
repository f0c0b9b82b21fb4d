// Debian's cpprest defines a macro named U otherwise.
#define _TURN_OFF_PLATFORM_STRING  // NOLINT(bugprone-reserved-identifier): cpprest's own word
#include "api/cpprest_listener.h"

#include "api/reply.h"
#include "api/secret.h"
#include "api/target.h"
#include "domain/error.h"
#include "http/worker_pool.h"
#include "telemetry/log.h"

#include <arpa/inet.h>
#include <cpprest/http_listener.h>
#include <netinet/in.h>
#include <pplx/threadpool.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mutex>

namespace hearth::api {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;
using web::http::experimental::listener::http_listener;

constexpr std::size_t kThreads = 4;
constexpr int kTries = 20;

void set_threads_once() {
  static std::once_flag once;
  std::call_once(once, [] { crossplat::threadpool::initialize_with_threads(kThreads); });
}

// A port that was free a moment ago: cpprest cannot be asked which one it got for port 0.
std::uint16_t some_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool bound = probe >= 0 && ::bind(probe, raw, size) == 0 && ::getsockname(probe, raw, &size) == 0;
  if (probe >= 0) ::close(probe);
  if (!bound)
    throw Error(Code::unavailable, Layer::gateway, "no port of 127.0.0.1 is free for the API's inner listener");
  return ntohs(address.sin_port);
}

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return text;
}

Request read_request(const web::http::http_request& from) {
  Request request{.method = from.method(), .path = {}};
  read_target(from.relative_uri().to_string(), request);
  for (const auto& [name, value] : from.headers()) request.headers.emplace(lower(name), value);
  return request;
}

// Sends without waiting; what hinders it is the client's end of the connection, and only worth a word.
void send(const web::http::http_request& to, Response response) try {
  web::http::http_response out(static_cast<web::http::status_code>(response.status));
  std::string type;
  for (const auto& [name, value] : response.headers) {
    if (lower(name) == "content-type") {
      type = value;
    } else {
      out.headers().add(name, value);
    }
  }
  const bool has_body = response.status != 204 && response.status != 304 && to.method() != "HEAD";
  if (has_body) {
    out.set_body(std::move(response.body), type);
  } else if (!type.empty()) {
    out.headers().set_content_type(type);
  }
  to.reply(out).then([](const pplx::task<void>& sent) {
    try {
      sent.get();
    } catch (const std::exception& error) {
      telemetry::log::debug("an answer of the API did not arrive", {{"why", error.what()}});
    }
  });
} catch (const std::exception& error) {
  telemetry::log::debug("an answer of the API was not wanted any more", {{"why", error.what()}});
}

}  // namespace

struct CpprestListener::Impl {
  Impl(Handle handle, std::string secret, std::uint32_t max_workers)
      : handle(std::move(handle)), secret(std::move(secret)), workers(max_workers) {}

  void open() {
    set_threads_once();
    for (int attempt = 1;; ++attempt) {
      port = some_port();
      listener = http_listener(web::uri("http://127.0.0.1:" + std::to_string(port)));
      listener.support([this](const web::http::http_request& request) { take(request); });
      try {
        listener.open().wait();
        return;
      } catch (const std::exception& error) {
        if (attempt < kTries) continue;  // another process took that port meanwhile
        throw Error(Code::unavailable, Layer::gateway,
                    std::string("cannot open the API's inner listener: ") + error.what());
      }
    }
  }

  // On a thread of cpprest: never waits.
  void take(const web::http::http_request& message) {
    const auto shown = message.headers().find(std::string(kSecretField));
    if (shown == message.headers().end() || !same_secret(shown->second, secret)) {
      return send(message, problem_reply({.code = Code::denied,
                                          .layer = Layer::client,
                                          .message = "this port is hearthd's own",
                                          .hint = "ask the management API's address"},
                                         403));
    }
    message.extract_vector().then([this, message](const pplx::task<std::vector<unsigned char>>& body) {
      // An exception that leaves a continuation ends the process.
      try {
        const auto bytes = body.get();
        workers.submit([this, message, text = std::string(bytes.begin(), bytes.end())]() mutable {
          serve(message, std::move(text));
        });
      } catch (const std::exception& error) {
        telemetry::log::debug("a request of the API broke off", {{"why", error.what()}});
      }
    });
  }

  // On a thread of the pool.
  void serve(const web::http::http_request& message, std::string body) {
    send(message, answer([&] {
           auto request = read_request(message);
           request.body = std::move(body);
           request.stop = ending.get_token();
           return handle(request);
         }));
  }

  Handle handle;
  std::string secret;
  std::uint16_t port = 0;
  std::stop_source ending;
  http::WorkerPool workers;
  http_listener listener;
};

CpprestListener::CpprestListener(Handle handle, std::string secret, std::uint32_t max_workers)
    : impl_(std::make_unique<Impl>(std::move(handle), std::move(secret), max_workers)) {
  impl_->open();
}

CpprestListener::~CpprestListener() {
  impl_->ending.request_stop();
  try {
    impl_->listener.close().wait();  // once every request is answered, which the workers still do
  } catch (const std::exception& error) {
    telemetry::log::warn("the API's inner listener did not close", {{"why", error.what()}});
  }
}

std::uint16_t CpprestListener::port() const noexcept { return impl_->port; }

}  // namespace hearth::api
