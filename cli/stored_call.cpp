#include "cli/stored_call.h"

#include "cli/call_report.h"
#include "cli/problem.h"
#include "cli/views.h"
#include "net/pause.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;
using nlohmann::json;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kFirstLook = 20ms;
constexpr auto kLastLook = 1000ms;    // between two looks, which come more and more seldom
constexpr auto kPatience = 30'000ms;  // with a gateway that is away meanwhile: the call outlives that

json document_of(const net::Response& response) {
  auto document = json::parse(response.body, nullptr, false);
  if (response.status >= 400) throw Error(read_problem(response.status, response.body));
  if (document.is_object()) return document;
  throw Error(Code::internal, Layer::gateway, "what answers there does not speak hearthd's language",
              "check HEARTH_GATEWAY");
}

Error too_late(const std::string& id) {
  return {Code::timeout, Layer::client, "the call " + id + " has not ended yet; it goes on",
          "look again with: fn calls get " + id};
}

// How the call stood when it had ended.
json await_end(net::HttpClient& http, const Context& context, const std::string& id,
               std::chrono::milliseconds timeout) {
  const auto began = steady_clock::now();
  auto last_word = began;
  const net::Request look{.method = "GET", .target = "/async/" + id, .timeout = 10s};
  for (auto pause = kFirstLook;; pause = std::min(pause * 3 / 2, kLastLook)) {
    try {
      auto standing = document_of(http.send(look, context.stop));
      last_word = steady_clock::now();
      if (text_at(standing, "state") != "queued") return standing;
    } catch (const Error& error) {
      const bool away = error.fault().code == Code::unavailable || error.fault().code == Code::timeout;
      if (!away || steady_clock::now() - last_word > kPatience) throw_as_gateways(error, false, id);
    }
    if (timeout > 0ms && steady_clock::now() - began >= timeout) throw too_late(id);
    net::pause(steady_clock::now() + pause, context.stop);
    if (context.stop.stop_requested()) {
      throw Error(Code::cancelled, Layer::client, "no longer waiting; the call goes on",
                  "look again with: fn calls get " + id);
    }
  }
}

int print_answer(net::HttpClient& http, const Context& context, const InvokeOptions& options, const std::string& id,
                 steady_clock::time_point began) {
  GatewayAnswer answer(context.terminal);
  try {
    http.stream(
        {.method = "GET", .target = "/async/" + id + "/result", .timeout = 0ms},
        [&](const net::Response& head) { answer.head(head); },
        [&](std::string_view piece) { return answer.body(piece); }, context.stop);
  } catch (const Error& error) {
    throw_as_gateways(error, answer.head().status != 0, options.name);
  }
  const std::chrono::duration<double, std::milli> total = steady_clock::now() - began;
  if (options.verbose) context.terminal.note(call_lines(answer.head(), total.count()));
  return answer.finish(options.name, total.count());
}

}  // namespace

int invoke_stored(const Context& context, const InvokeOptions& options) {
  const auto& terminal = context.terminal;
  if (is_bodiless(options.method)) {
    throw Error(Code::invalid, Layer::client, "--async stores no " + options.method,
                "durable calls change something: POST, PUT, PATCH or DELETE");
  }
  Input input(options.data, context.stop,
              [&] { terminal.note("waiting for the call's body on standard input (--data '' sends none)"); });
  const auto address = gateway_address(context, options);
  const auto request = gateway_request(options, address.target, input);
  net::HttpClient http({.base = address.base, .unix_socket = {}, .ca_file = context.ca_file.string()});
  const auto began = steady_clock::now();
  json receipt;
  try {
    receipt = document_of(http.send(request, context.stop));
  } catch (const Error& error) {
    throw_as_gateways(error, false, options.name);
  }
  const auto id = text_at(receipt, "id");
  if (!options.wait) {
    if (terminal.json()) {
      terminal.show(receipt);
    } else {
      terminal.print(id + "\n");
      terminal.note("stored, and it will run; see how it went with: fn calls get " + id);
    }
    return 0;
  }
  terminal.note("stored as " + id);
  const auto end = await_end(http, context, id, options.timeout);
  const auto state = text_at(end, "state");
  if (state == "cancelled") {
    throw Error(Code::conflict, Layer::client, "the call " + id + " was cancelled",
                "have it run again with: fn calls redrive " + id);
  }
  if (state == "dead" && number_at(end, "status") == 0) {
    throw Error(Code::internal, Layer::function, "the call was given up: " + text_at(end, "reason"),
                "every attempt: fn calls get " + id + "; once more: fn calls redrive " + id);
  }
  return print_answer(http, context, options, id, began);
}

}  // namespace hearth::cli
