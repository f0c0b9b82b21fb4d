// What fn.yaml says of a way to call a function beside /fn/NAME. Values only; routes.h makes sense of them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hearth::domain {

// Which pages of other origins may call; the gateway answers browsers for the function.
struct Cors {
  std::vector<std::string> origins = {};  // "https://example.org", or "*"
  std::vector<std::string> methods = {};  // empty: those of the trigger
  std::vector<std::string> headers = {};  // of requests; empty: whichever the page asks for
  std::vector<std::string> expose = {};   // of answers
  bool credentials = false;
  std::chrono::milliseconds max_age{600'000};  // how long a browser remembers a preflight
  bool operator==(const Cors&) const = default;
};

struct HttpTrigger {
  std::string path = {};                  // "/api/users/{id}", "/files/{rest...}"
  std::vector<std::string> methods = {};  // empty: all
  std::string host = {};                  // "example.org", "*.example.org"; empty: any
  std::optional<Cors> cors = {};
  bool operator==(const HttpTrigger&) const = default;
};

}  // namespace hearth::domain
