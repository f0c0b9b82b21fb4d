#include "cli/gateway_call.h"

#include "cli/call_report.h"
#include "cli/problem.h"
#include "cli/views.h"
#include "net/own_address.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Fault;
using domain::Layer;

constexpr std::size_t kLongestProblem = 1 << 20;

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

std::pair<std::string, std::string> read_header(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string::npos || text.find_first_of("\r\n") != std::string::npos) {
    throw Error(Code::invalid, Layer::client, "--header \"" + text + "\" is no header", "write it as \"Name: value\"");
  }
  const auto value = text.find_first_not_of(' ', colon + 1);
  return {text.substr(0, colon), value == std::string::npos ? "" : text.substr(value)};
}

bool has_header(const net::Request& request, std::string_view name) {
  return std::ranges::any_of(request.headers, [&](const auto& header) {
    return std::ranges::equal(header.first, name,
                              [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
  });
}

}  // namespace

GatewayAddress gateway_address(const Context& context, const InvokeOptions& options) {
  const auto function = parse_function(options.name, context.space);
  const auto rest = options.path.empty() || options.path.starts_with('/') || options.path.starts_with('?')
                        ? options.path
                        : "/" + options.path;
  const auto path = (options.async ? "/async/" : "/fn/") + to_string(function) + rest;
  if (const auto gateway = environment("HEARTH_GATEWAY"); gateway && !context.said_here) {
    return {base_url(*gateway), path};
  }
  const auto url = text_at(context.client().get(path_of(function)), "url");
  const auto host = url.find("://");
  const auto slash = host == std::string::npos ? host : url.find('/', host + 3);
  if (slash == std::string::npos) {
    throw Error(Code::internal, Layer::gateway, "hearthd told no URL for " + to_string(function), "set HEARTH_GATEWAY");
  }
  // What another machine calls 127.0.0.1 would here be this one's own gateway.
  if (is_loopback(net::host_of_url(url)) && !net::is_own_address(net::host_of_url(context.api))) {
    throw Error(Code::unavailable, Layer::gateway,
                "the gateway of " + context.api + " is for its own machine alone: " + url.substr(0, slash),
                "name an address that reaches it in HEARTH_GATEWAY, without --api and --context");
  }
  return {url.substr(0, slash), path};
}

bool is_bodiless(const std::string& method) { return method == "GET" || method == "HEAD"; }

net::Request gateway_request(const InvokeOptions& options, const std::string& target, Input& input) {
  net::Request request{.method = options.method, .target = target, .timeout = options.timeout};
  for (const auto& header : options.headers) request.headers.push_back(read_header(header));
  if (request.method.empty()) request.method = input.absent() && !options.async ? "GET" : "POST";
  if (input.absent() || (!options.data && is_bodiless(options.method))) return request;
  if (input.whole()) {
    request.body = *input.whole();
  } else {
    request.read_body = [&input](char* buffer, std::size_t size) { return input.read(buffer, size); };
  }
  if (!has_header(request, "content-type")) {
    const bool json = input.whole() && nlohmann::json::accept(*input.whole());
    request.headers.emplace_back("Content-Type", json ? "application/json" : "application/octet-stream");
  }
  return request;
}

void throw_as_gateways(const Error& error, bool began_to_answer, const std::string& name) {
  Fault fault = error.fault();
  if (fault.code == Code::unavailable) {
    fault.message = (began_to_answer ? "the answer broke off: " : "the gateway does not answer: ") + fault.message;
    if (began_to_answer) fault.layer = Layer::function;
    fault.hint = began_to_answer ? "see what it wrote: fn logs " + name : "start it with: fn up";
  }
  throw Error(std::move(fault));
}

void GatewayAnswer::head(const net::Response& head) {
  head_ = head;
  const auto type = head.header("content-type").value_or("");
  problem_ = head.status >= 400 && type.starts_with("application/problem+json");
}

bool GatewayAnswer::body(std::string_view piece) {
  if (problem_) {
    if (kept_.size() < kLongestProblem) kept_ += piece;
    return true;
  }
  if (terminal_.json()) {
    kept_ += piece;
  } else {
    terminal_.print(piece);
    if (!piece.empty()) ends_line_ = piece.back() == '\n';
  }
  return true;
}

int GatewayAnswer::finish(const std::string& name, double total_millis) const {
  if (problem_) refuse();
  if (terminal_.json()) terminal_.show(call_document(head_, kept_, total_millis));
  if (!terminal_.json() && terminal_.out_is_terminal() && !ends_line_) terminal_.print("\n");
  if (head_.status < 400) return 0;
  if (!terminal_.json()) {
    terminal_.fail({.code = Code::internal,
                    .layer = Layer::function,
                    .message = name + " answered with status " + std::to_string(head_.status),
                    .hint = "see what it wrote: fn logs " + name});
  }
  return 1;
}

void GatewayAnswer::refuse() const {
  auto fault = read_problem(head_.status, kept_);
  const auto later = head_.header("retry-after");
  if (fault.hint.empty() && later) fault.hint = "try again in " + *later + " s";
  throw Error(std::move(fault));
}

}  // namespace hearth::cli
