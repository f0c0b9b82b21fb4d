// What a handler is given and what it returns. Everything here works outside of Hearth, as in a unit test; at deploy
// the runtime's own copy of this file takes the place of this one.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace hearth {

// Names of header fields are the same in any case.
struct AnyCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
      if (lower(a[i]) != lower(b[i])) return lower(a[i]) < lower(b[i]);
    }
    return a.size() < b.size();
  }
};
using Headers = std::multimap<std::string, std::string, AnyCase>;

// Thrown by a handler: answered with 400 and its message.
class BadRequest : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown by reading and writing once the caller has left; a handler may let it pass.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("the caller has left") {}
};

// "a%20b+c" → "a b c"; in a path `+` stands for itself.
inline std::string decode(std::string_view text, char plus = ' ') {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' ? plus : text[i];
    }
  }
  return decoded;
}

struct Request {
  std::string method = "GET";
  std::string path = "/";  // what follows /fn/NAME, as it was sent
  std::string query = {};  // what follows "?", as it was sent
  Headers headers = {};
  std::string content = {};                    // of a test's request
  std::function<std::string()> arriving = {};  // the runtime's: the next piece, empty at the end

  // The first field of that name; empty where there is none.
  std::string header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
  }
  // A parameter of the query, decoded.
  std::optional<std::string> parameter(std::string_view name) const {
    for (std::string_view rest = query; !rest.empty();) {
      const auto pair = rest.substr(0, rest.find('&'));
      const auto equals = std::min(pair.find('='), pair.size());
      if (decode(pair.substr(0, equals)) == name) return decode(pair.substr(std::min(equals + 1, pair.size())));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    }
    return std::nullopt;
  }
  // A parameter of the path where an HTTP trigger matched, decoded. A test sets the header Hearth-Param-NAME.
  std::optional<std::string> path_parameter(std::string_view name) const {
    const auto found = headers.find("Hearth-Param-" + std::string{name});
    if (found == headers.end()) return std::nullopt;
    return decode(found->second, '+');
  }
  // The next piece of the body as it arrives; empty at its end.
  std::string read() { return arriving ? arriving() : std::exchange(content, {}); }
  // The rest of the body.
  std::string body() {
    std::string all;
    for (auto piece = read(); !piece.empty(); piece = read()) all += piece;
    return all;
  }
};

// Sends a streamed answer, piece by piece: each is on its way when the call returns.
using Writer = std::function<void(std::string_view piece)>;

// hearth::Response{.status = 404, .body = "no such page"}; text unless a Content-Type says otherwise.
struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  // In the place of `body`: called when the handler has returned. The status is sent with the first piece, so what
  // is thrown before it is an honest 500.
  std::function<void(const Writer& write)> stream = {};

  static Response json(std::string text) {
    return {.headers = {{"Content-Type", "application/json"}}, .body = std::move(text)};
  }
};

struct Context {
  std::string call_id = {};
  std::string function = {};
  std::string name_space = {};
  int revision = 0;
  std::string traceparent = {};  // W3C; pass it on to what the function calls
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  std::function<bool()> left = {};  // the runtime's

  std::chrono::milliseconds remaining() const {
    const auto left_over = deadline - std::chrono::steady_clock::now();
    return std::max(std::chrono::milliseconds{0}, std::chrono::duration_cast<std::chrono::milliseconds>(left_over));
  }
  // The caller has left: nobody will read the answer.
  bool cancelled() const { return left && left(); }
  // A line on standard error. What the handler's thread writes to std::cout and std::cerr belongs to the call as well.
  void log(std::string_view line) const { std::clog << std::string{line} + "\n" << std::flush; }
};

}  // namespace hearth

// What a function defines.
hearth::Response handle(hearth::Request& request, hearth::Context& context);
