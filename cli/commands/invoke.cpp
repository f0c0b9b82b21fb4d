#include "cli/commands/invoke.h"

#include "cli/call_report.h"
#include "cli/stored_call.h"

#include <memory>

namespace hearth::cli {

using domain::Error;

int invoke(const Context& context, const InvokeOptions& options) {
  const auto& terminal = context.terminal;
  if (options.async) return invoke_stored(context, options);
  if (options.wait) {
    throw Error(domain::Code::invalid, domain::Layer::client, "--wait is for --async: every other call is waited for");
  }
  const bool unread = !options.data && is_bodiless(options.method);  // standard input is somebody else's then
  Input input(unread ? std::optional<std::string>("") : options.data, context.stop,
              [&] { terminal.note("waiting for the call's body on standard input (--data '' sends none)"); });
  const auto address = gateway_address(context, options);
  const auto request = gateway_request(options, address.target, input);
  net::HttpClient http({.base = address.base, .unix_socket = {}, .ca_file = context.ca_file.string()});
  GatewayAnswer answer(terminal);
  const auto began = std::chrono::steady_clock::now();
  try {
    http.stream(
        request, [&](const net::Response& head) { answer.head(head); },
        [&](std::string_view piece) { return answer.body(piece); }, context.stop);
  } catch (const Error& error) {
    throw_as_gateways(error, answer.head().status != 0, options.name);
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
              "fn invoke api --path /users/7 -X DELETE -H 'If-Match: \"3\"'\n"
              "fn invoke thumbnails --async -d @photo.jpg",
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
                      {.names = "--async",
                       .target = &options->async,
                       .help = "store the call and print its id: it runs by itself, and again where it fails"},
                      {.names = "--wait",
                       .target = &options->wait,
                       .help = "with --async: until it has ended, for its answer"},
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
