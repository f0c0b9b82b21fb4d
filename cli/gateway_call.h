// A call through the gateway as `fn invoke` makes it: where it goes, what is sent, what comes back.
#pragma once

#include "cli/context.h"
#include "cli/input.h"
#include "net/http_client.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::cli {

struct InvokeOptions {
  std::string name;
  std::optional<std::string> data;       // the body, "@file", or "-" for standard input
  std::string method;                    // empty: POST with a body, else GET
  std::string path;                      // what follows /fn/NAME
  std::vector<std::string> headers;      // "Name: value"
  std::chrono::milliseconds timeout{0};  // of the whole call; 0: the function's own
  bool verbose = false;
  bool async = false;  // it is stored, and runs by itself
  bool wait = false;   // until that has ended
};

struct GatewayAddress {
  std::string base;    // "http://127.0.0.1:8080"
  std::string target;  // "/fn/hello/x", "/async/hello/x"
};
// HEARTH_GATEWAY needs no token; without it, or where the command line names a controller, that tells the function's
// URL. Blocks.
GatewayAddress gateway_address(const Context& context, const InvokeOptions& options);

// What is sent without a body where nobody says otherwise.
bool is_bodiless(const std::string& method);
// `input` outlives the request, which may read from it.
net::Request gateway_request(const InvokeOptions& options, const std::string& target, Input& input);

// That the gateway answers no call: `error` with what it was about and what to do.
[[noreturn]] void throw_as_gateways(const domain::Error& error, bool began_to_answer, const std::string& name);

// What arrives, streamed on as it comes; what belongs to the report is kept.
class GatewayAnswer {
 public:
  explicit GatewayAnswer(const Terminal& terminal) : terminal_(terminal) {}

  void head(const net::Response& head);
  bool body(std::string_view piece);
  // Standard output's last word, then the exit code. Throws what a problem document says.
  int finish(const std::string& name, double total_millis) const;

  const net::Response& head() const { return head_; }

 private:
  [[noreturn]] void refuse() const;

  const Terminal& terminal_;
  net::Response head_;
  std::string kept_;
  bool problem_ = false;
  bool ends_line_ = true;
};

}  // namespace hearth::cli
