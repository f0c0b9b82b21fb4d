#include "cli/commands/invoke.h"

#include "cli/call_report.h"
#include "cli/input.h"
#include "cli/problem.h"
#include "cli/views.h"
#include "net/own_address.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Fault;
using domain::Layer;

constexpr std::size_t kLongestProblem = 1 << 20;

struct Address {
  std::string base;    // "http://127.0.0.1:8080"
  std::string target;  // "/fn/hello/x"
};

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

// HEARTH_GATEWAY needs no token; without it, or where the command line names a controller, that tells the function's
// URL.
Address address_of(const Context& context, const InvokeOptions& options) {
  const auto function = parse_function(options.name, context.space);
  const auto path = options.path.empty() || options.path.starts_with('/') || options.path.starts_with('?')
                        ? options.path
                        : "/" + options.path;
  if (const auto gateway = environment("HEARTH_GATEWAY"); gateway && !context.said_here) {
    return {base_url(*gateway), "/fn/" + to_string(function) + path};
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
  return {url.substr(0, slash), url.substr(slash) + path};
}

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

bool is_bodiless(const std::string& method) { return method == "GET" || method == "HEAD"; }

net::Request request_of(const InvokeOptions& options, const std::string& target, Input& input) {
  net::Request request{.method = options.method, .target = target, .timeout = options.timeout};
  for (const auto& header : options.headers) request.headers.push_back(read_header(header));
  if (request.method.empty()) request.method = input.absent() ? "GET" : "POST";
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

// What arrives, streamed on as it comes; what belongs to the report is kept.
class Answer {
 public:
  explicit Answer(const Terminal& terminal) : terminal_(terminal) {}

  void head(const net::Response& head) {
    head_ = head;
    const auto type = head.header("content-type").value_or("");
    problem_ = head.status >= 400 && type.starts_with("application/problem+json");
  }

  bool body(std::string_view piece) {
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

  // Standard output's last word, then the exit code.
  int finish(const std::string& name, double total_millis) const {
    if (problem_) return refused();
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

  const net::Response& head() const { return head_; }

 private:
  int refused() const {
    auto fault = read_problem(head_.status, kept_);
    const auto later = head_.header("retry-after");
    if (fault.hint.empty() && later) fault.hint = "try again in " + *later + " s";
    throw Error(std::move(fault));
  }

  const Terminal& terminal_;
  net::Response head_;
  std::string kept_;
  bool problem_ = false;
  bool ends_line_ = true;
};

}  // namespace

int invoke(const Context& context, const InvokeOptions& options) {
  const auto& terminal = context.terminal;
  const bool unread = !options.data && is_bodiless(options.method);  // standard input is somebody else's then
  Input input(unread ? std::optional<std::string>("") : options.data, context.stop,
              [&] { terminal.note("waiting for the call's body on standard input (--data '' sends none)"); });
  const auto address = address_of(context, options);
  auto request = request_of(options, address.target, input);
  net::HttpClient http({.base = address.base, .unix_socket = {}, .ca_file = context.ca_file.string()});
  Answer answer(terminal);
  const auto began = std::chrono::steady_clock::now();
  try {
    http.stream(
        request, [&](const net::Response& head) { answer.head(head); },
        [&](std::string_view piece) { return answer.body(piece); }, context.stop);
  } catch (const Error& error) {
    if (error.fault().code != Code::unavailable) throw;
    Fault fault = error.fault();
    const bool began_to_answer = answer.head().status != 0;
    fault.message = (began_to_answer ? "the answer broke off: " : "the gateway does not answer: ") + fault.message;
    if (began_to_answer) fault.layer = Layer::function;
    fault.hint = began_to_answer ? "see what it wrote: fn logs " + options.name : "start it with: fn up";
    throw Error(std::move(fault));
  }
  const std::chrono::duration<double, std::milli> total = std::chrono::steady_clock::now() - began;
  if (options.verbose) terminal.note(call_lines(answer.head(), total.count()));
  return answer.finish(options.name, total.count());
}

Verb invoke_verb() {
  const auto options = std::make_shared<InvokeOptions>();
  return {.name = "invoke",
          .summary = "Call a function and print its answer",
          .examples =
              "fn invoke hello --data '{\"name\":\"Ada\"}'\n"
              "fn invoke hello -d @photo.jpg -v > small.jpg\n"
              "echo hi | fn invoke echo\n"
              "fn invoke api --path /users/7 -X DELETE -H 'If-Match: \"3\"'",
          .options = {function_word(options->name),
                      {.names = "-d,--data",
                       .target = &options->data,
                       .help = "the body: text, @FILE, or - for standard input",
                       .value = "DATA"},
                      {.names = "-X,--method",
                       .target = &options->method,
                       .help = "POST with a body, else GET",
                       .value = "METHOD"},
                      {.names = "-p,--path",
                       .target = &options->path,
                       .help = "what follows the function's URL: /users?id=7",
                       .value = "PATH"},
                      {.names = "-H,--header",
                       .target = &options->headers,
                       .help = "\"Name: value\"; any number of them",
                       .value = "HEADER"},
                      {.names = "--timeout",
                       .target = &options->timeout,
                       .help = "give up after so long; else when the function's own is over",
                       .value = "SECONDS"},
                      {.names = "-v,--verbose",
                       .target = &options->verbose,
                       .help = "status, call id and timings on standard error"}},
          .run = [options](const Context& context) { return invoke(context, *options); },
          .notes = "Exit codes: 0 it answered, 1 it failed, 2 usage, 3 refused, 4 not reachable, 5 timed out."};
}

}  // namespace hearth::cli
