#include "cli/client.h"

#include "cli/ndjson.h"
#include "cli/problem.h"

#include <charconv>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using nlohmann::json;
using namespace domain;

constexpr std::size_t kLongestProblem = 1 << 20;

json parsed(std::string_view body, const std::string& base) {
  if (body.empty()) return nullptr;
  auto document = json::parse(body, nullptr, false);
  if (document.is_discarded()) {
    throw Error(Code::internal, Layer::gateway, "what answers at " + base + " does not speak hearthd's language",
                "check HEARTH_API");
  }
  return document;
}

std::string package_path(const std::string& space, const std::string& digest) {
  return "/v1/namespaces/" + net::url_encode(space) + "/packages/" + digest;
}

std::optional<std::chrono::seconds> retry_after(const net::Response& response) {
  const auto text = response.header("retry-after");
  unsigned seconds = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), seconds).ec != std::errc{}) return {};
  return std::chrono::seconds(seconds);
}

}  // namespace

Client::Client(std::string base, Token token, std::stop_token stop, const std::filesystem::path& ca_file)
    : base_(std::move(base)),
      token_(std::move(token)),
      stop_(std::move(stop)),
      http_({.base = base_, .unix_socket = {}, .ca_file = ca_file.string()}) {}

json Client::get(const std::string& target, std::chrono::milliseconds patience) {
  auto asked = request("GET", target);
  asked.timeout = patience;
  return parsed(answered([&] { return http_.send(asked, stop_); }).body, base_);
}

json Client::put_new(const std::string& target, const json& document) {
  return put(target, document, Header{"If-None-Match", "*"});
}

json Client::put(const std::string& target, const json& document, const std::optional<Header>& precondition,
                 std::chrono::milliseconds patience) {
  auto asked = request("PUT", target);
  asked.timeout = patience;
  if (precondition) asked.headers.push_back(*precondition);
  asked.headers.emplace_back("Content-Type", "application/json");
  asked.body = document.dump();
  return parsed(answered([&] { return http_.send(asked, stop_); }).body, base_);
}

json Client::post(const std::string& target) {
  const auto asked = request("POST", target);
  return parsed(answered([&] { return http_.send(asked, stop_); }).body, base_);
}

void Client::remove(const std::string& target, std::chrono::milliseconds patience) {
  auto asked = request("DELETE", target);
  asked.timeout = patience;
  answered([&] { return http_.send(asked, stop_); });
}

void Client::follow(const std::string& target, const OnEvent& on_event) {
  auto asked = request("GET", target);
  asked.timeout = std::chrono::milliseconds(0);
  std::exception_ptr refused;  // what on_event threw is its own word, not that hearthd does not answer
  NdjsonLines lines([&](std::string_view line) {
    try {
      const auto event = json::parse(line, nullptr, false);
      return !event.is_object() || on_event(event);
    } catch (...) {
      refused = std::current_exception();
      return false;
    }
  });
  bool more = true;
  read(asked, [&](std::string_view piece) { return more = lines.push(piece); });
  if (more) lines.finish();
  if (refused) std::rethrow_exception(refused);
}

void Client::download(const std::string& target, const OnBytes& on_bytes) {
  auto asked = request("GET", target);
  asked.timeout = std::chrono::milliseconds(0);
  read(asked, [&](std::string_view piece) {
    on_bytes(piece);
    return true;
  });
}

bool Client::has_package(const std::string& space, const std::string& digest) {
  const auto asked = request("HEAD", package_path(space, digest));
  bool found = true;
  answered([&] {
    auto response = http_.send(asked, stop_);
    found = response.status != 404;
    if (!found) response.status = 204;
    return response;
  });
  return found;
}

void Client::upload(const std::string& space, const std::string& digest, const std::filesystem::path& tar,
                    std::uint64_t size, const OnSent& on_sent) {
  std::ifstream file(tar, std::ios::binary);
  std::uint64_t sent = 0;
  auto asked = request("PUT", package_path(space, digest));
  asked.headers.emplace_back("Content-Type", "application/x-tar");
  asked.body_size = size;
  asked.timeout = std::chrono::milliseconds(0);
  asked.read_body = [&](char* buffer, std::size_t room) {
    file.read(buffer, static_cast<std::streamsize>(room));
    const auto count = static_cast<std::size_t>(file.gcount());
    on_sent(sent += count);
    return count;
  };
  answered([&] { return http_.send(asked, stop_); });
}

// Hands the body of a successful answer on; a refusal's is read here, and thrown.
void Client::read(const net::Request& asked, const std::function<bool(std::string_view piece)>& take) {
  int status = 0;
  std::string problem;
  answered([&] {
    auto response = http_.stream(
        asked, [&](const net::Response& head) { status = head.status; },
        [&](std::string_view piece) {
          if (status < 400) return take(piece);
          if (problem.size() < kLongestProblem) problem += piece;
          return true;
        },
        stop_);
    response.body = problem;
    return response;
  });
}

net::Request Client::request(std::string method, std::string target) const {
  net::Request request{.method = std::move(method), .target = std::move(target)};
  request.headers.emplace_back("User-Agent", "fn");
  request.headers.emplace_back("Accept", "application/json, application/x-ndjson, application/problem+json");
  if (!token_.text.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_.text);
  return request;
}

net::Response Client::answered(const std::function<net::Response()>& call) const {
  net::Response response;
  try {
    response = call();
  } catch (const Error& error) {
    if (error.fault().code != Code::unavailable) throw;
    Fault fault = error.fault();
    fault.layer = Layer::gateway;
    fault.message = "hearthd does not answer: " + fault.message;
    if (fault.hint.empty()) fault.hint = "start it with fn up, or name another address in HEARTH_API";
    throw Error(std::move(fault));
  }
  if (response.status >= 400) refuse(response);
  return response;
}

void Client::refuse(const net::Response& response) const {
  Fault fault = read_problem(response.status, response.body);
  fault.retry_after = retry_after(response);
  if (fault.code == Code::denied) {
    fault.message = token_.text.empty() ? "hearthd wants a token: " + token_.origin
                                        : "hearthd at " + base_ + " refused the token of " + token_.origin;
    fault.hint = "the token stands in the file `token` of hearthd's configuration folder; as another user try sudo";
  }
  if (fault.hint.empty() && fault.retry_after) {
    fault.hint = "try again in " + std::to_string(fault.retry_after->count()) + " s";
  }
  throw Error(std::move(fault));
}

std::string path_of(const FunctionName& function) {
  return "/v1/namespaces/" + function.space + "/functions/" + function.name;
}

FunctionName parse_function(std::string_view text, const std::string& space) {
  const auto dot = text.find('.');
  FunctionName function{.space = space, .name = std::string(text)};
  if (dot != std::string_view::npos) {
    function = {.space = std::string(text.substr(0, dot)), .name = std::string(text.substr(dot + 1))};
  }
  if (is_valid_name(function.name) && is_valid_name(function.space)) return function;
  const bool bad_name = !is_valid_name(function.name);
  throw Error(Code::invalid, Layer::client,
              "\"" + (bad_name ? function.name : function.space) + "\" is no name for a " +
                  (bad_name ? "function" : "namespace"),
              "names are lower-case letters, digits and -, begin with a letter, do not end with -, at most 63");
}

}  // namespace hearth::cli
