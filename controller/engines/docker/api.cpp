#include "engines/docker/api.h"

#include "engines/docker/json_read.h"
#include "engines/docker/probe.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace hearth::docker {

using domain::Code;
using domain::Layer;
using nlohmann::json;

namespace {

json parse(const std::string& attempt, const std::string& body) {
  json value = json::parse(body, nullptr, false);
  if (value.is_discarded()) {
    throw domain::Error(Code::unavailable, Layer::engine, attempt + ": Docker's answer is not JSON");
  }
  return value;
}

bool is_expected(const Call& call, int status) {
  return status < 300 || status == 304 || std::ranges::find(call.expected, status) != call.expected.end();
}

}  // namespace

About read_about(const json& answer) {
  const auto newest = parse_version(text_of(answer, "ApiVersion"));
  const bool any = text_of(answer, "MinAPIVersion").empty();
  const auto oldest = any ? std::optional{ApiVersion{1, 0}} : parse_version(text_of(answer, "MinAPIVersion"));
  if (!newest || !oldest) {
    throw domain::Error(Code::unavailable, Layer::engine, "what answers on the engine's socket is not Docker");
  }
  About about{.version = text_of(answer, "Version"), .api = negotiate(*oldest, *newest)};
  for (const auto& component : array(answer, "Components")) {
    about.init = about.init || text_of(component, "Name") == "docker-init";
  }
  return about;
}

std::optional<ApiVersion> parse_version(std::string_view text) {
  ApiVersion version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc{} || minor.ptr != end) return std::nullopt;
  return version;
}

std::string to_string(ApiVersion version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

bool has(ApiVersion version, Difference::What what) {
  return std::ranges::any_of(kDifferences,
                             [&](const Difference& row) { return row.what == what && row.since <= version; });
}

ApiVersion negotiate(ApiVersion oldest, ApiVersion newest) {
  const ApiVersion version = std::min(kNewest, newest);
  if (version < kOldest) {
    throw domain::Error(Code::unavailable, Layer::engine,
                        "this Docker speaks API " + to_string(newest) + " at most, and Hearth needs " +
                            to_string(kOldest) + " or later",
                        "install Docker Engine 20.10 or later");
  }
  if (version < oldest) {
    throw domain::Error(
        Code::unavailable, Layer::engine,
        "this Docker speaks API " + to_string(oldest) + " or later, and this Hearth at most " + to_string(kNewest),
        "install a newer Hearth");
  }
  return version;
}

Api::Api(Location location) : location_(std::move(location)), client_(endpoint_of(location_)) {}

About Api::about(std::stop_token stop) {
  {
    const std::lock_guard lock{mutex_};
    if (about_) return *about_;
  }
  const std::string attempt = "ask Docker for its version";
  const auto answer = exchange({.target = "/version", .timeout = std::chrono::seconds{10}}, nullptr, nullptr, stop);
  if (answer.status != 200) throw domain::Error(refusal(attempt, answer.status, answer.body));
  About about = read_about(parse(attempt, answer.body));
  const std::lock_guard lock{mutex_};
  about_ = about;
  return about;
}

void Api::renegotiate() {
  const std::lock_guard lock{mutex_};
  about_.reset();
}

std::string Api::versioned(const std::string& path, std::stop_token stop) {
  return "/v" + to_string(about(stop).api) + path;
}

net::Response Api::call(const Call& call, std::stop_token stop) {
  net::Request request{.method = call.method, .target = versioned(call.path, stop), .body = call.body};
  request.timeout = call.timeout;
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  auto answer = exchange(request, nullptr, nullptr, stop);
  if (!is_expected(call, answer.status)) throw domain::Error(refusal(call.attempt, answer.status, answer.body));
  return answer;
}

json Api::get(const Call& call, std::stop_token stop) { return parse(call.attempt, this->call(call, stop).body); }

void Api::stream(const Call& call, const std::function<void()>& on_open, const net::OnBody& on_body,
                 std::stop_token stop) {
  net::Request request{.method = call.method, .target = versioned(call.path, stop), .body = call.body};
  request.timeout = call.timeout;
  bool accepted = false;
  std::string refused;
  const auto head = exchange(
      request,
      [&](const net::Response& head) {
        accepted = is_expected(call, head.status);
        if (accepted) on_open();
      },
      [&](std::string_view piece) {
        if (accepted) return on_body(piece);
        refused += piece;
        return true;
      },
      stop);
  if (!accepted) throw domain::Error(refusal(call.attempt, head.status, refused));
}

net::Response Api::send(net::Request request, std::stop_token stop) {
  request.target = versioned(request.target, stop);
  return exchange(request, nullptr, nullptr, stop);
}

net::Response Api::receive(net::Request request, const std::function<void(std::string_view)>& on_piece,
                           std::stop_token stop) {
  request.target = versioned(request.target, stop);
  bool accepted = false;
  std::string refused;
  auto answer = exchange(
      request, [&](const net::Response& head) { accepted = head.status == 200; },
      [&](std::string_view piece) {
        accepted ? on_piece(piece) : void(refused += piece);
        return true;
      },
      stop);
  answer.body = std::move(refused);
  return answer;
}

net::Response Api::exchange(const net::Request& request, const net::OnHead& on_head, const net::OnBody& on_body,
                            const std::stop_token& stop) {
  try {
    return on_body ? client_.stream(request, on_head, on_body, stop) : client_.send(request, stop);
  } catch (const domain::Error& error) {
    domain::Fault fault = error.fault();
    if (fault.layer != Layer::gateway) throw;  // cancelled, or a callback's own
    fault.layer = Layer::engine;
    if (fault.code == Code::unavailable) {
      if (location_.socket.empty()) {
        fault = unreachable(location_, std::move(fault));
      } else if (const int reason = probe(location_.socket)) {
        fault = unreachable(location_.socket, reason);
      }
    }
    throw domain::Error(fault);
  }
}

}  // namespace hearth::docker
