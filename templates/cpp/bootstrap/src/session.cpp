#include "session.h"

#include "answer.h"
#include "logs.h"
#include "quiet.h"
#include "stack.h"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <sys/socket.h>

#include <array>
#include <charconv>
#include <limits>

namespace hearth::server {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kLongestHead = 64 * 1024;
constexpr std::size_t kPiece = 64 * 1024;

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

using Parser = http::request_parser<http::buffer_body>;

// A call's body as it arrives. The 100 that some clients wait for is sent when somebody wants to read.
class Body {
 public:
  Body(Socket& socket, beast::flat_buffer& buffer, Parser& parser)
      : socket_(socket),
        buffer_(buffer),
        parser_(parser),
        expected_(parser.get()[http::field::expect] == "100-continue") {}

  std::string read() {
    if (parser_.is_done()) return {};
    error_code error;
    if (std::exchange(expected_, false) && buffer_.size() == 0) {
      boost::asio::write(socket_, boost::asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), error);
    }
    std::string piece(kPiece, '\0');
    while (!parser_.is_done()) {
      auto& body = parser_.get().body();
      body.data = piece.data();
      body.size = piece.size();
      body.more = true;
      http::read_some(socket_, buffer_, parser_, error);
      if (error && error != http::error::need_buffer) throw Cancelled{};
      piece.resize(kPiece - body.size);
      if (!piece.empty()) return piece;
      piece.resize(kPiece);
    }
    return {};
  }

 private:
  Socket& socket_;
  beast::flat_buffer& buffer_;
  Parser& parser_;
  bool expected_;
};

Request request_of(const Parser& parser) {
  const auto& head = parser.get();
  const std::string_view target{head.target().data(), head.target().size()};
  const auto mark = std::min(target.find('?'), target.size());
  Request request{.method = std::string{head.method_string()}, .path = std::string{target.substr(0, mark)}};
  request.query = target.substr(std::min(mark + 1, target.size()));
  for (const auto& field : head) request.headers.emplace(field.name_string(), field.value());
  return request;
}

// No client can ask: the gateway takes the field away.
bool asks_whether_quiet(const Parser& parser) {
  const auto& head = parser.get();
  return head.target() == "/.hearth/quiet" && head.find("Hearth-Ask") != head.end();
}

// The last that is said on this connection.
void tell(Socket& socket, const std::string& stirs) {
  http::response<http::string_body> answer{stirs.empty() ? http::status::no_content : http::status::conflict, 11};
  answer.keep_alive(false);
  if (!stirs.empty()) {
    answer.set(http::field::content_type, "text/plain");
    answer.body() = stirs;
    answer.prepare_payload();
  }
  error_code error;
  http::write(socket, answer, error);
}

bool has_left(Socket& socket) {
  std::array<char, 1> byte{};
  const auto got = ::recv(socket.native_handle(), byte.data(), byte.size(), MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

Context context_of(const Request& request, const Process& process, Socket& socket) {
  const auto left = number_of<std::uint32_t>(request.header("Hearth-Deadline-Ms"));
  const auto timeout = left ? std::chrono::milliseconds{*left} : process.timeout;
  return {.call_id = request.header("Hearth-Call-Id"),
          .function = process.function,
          .name_space = process.name_space,
          .revision = process.revision,
          .traceparent = request.header("traceparent"),
          .deadline = std::chrono::steady_clock::now() + timeout,
          .left = [&socket] { return has_left(socket); }};
}

void call(Request& request, Context& context, Answer& answer) {
  const CallLog log{context.call_id};
  try {
    answer.send(handle(request, context));
  } catch (const Cancelled&) {
    answer.abandon();
  } catch (const BadRequest& error) {
    answer.fail(400, "Bad Request", error.what(), "client", "invalid");
  } catch (const std::exception& error) {
    std::cerr << type_of(error) << ": " << error.what() << "\n" << stack_of_last_throw();
    answer.fail(500, type_of(error), error.what(), "function", "internal");
  } catch (...) {
    std::cerr << "something that is no std::exception was thrown\n" << stack_of_last_throw();
    answer.fail(500, "Error", "something that is no std::exception was thrown", "function", "internal");
  }
}

}  // namespace

Process read_process() {
  Process process{.function = variable("HEARTH_FUNCTION"), .name_space = variable("HEARTH_NAMESPACE")};
  process.revision = number_of<int>(variable("HEARTH_REVISION")).value_or(0);
  if (const auto timeout = number_of<std::uint32_t>(variable("HEARTH_TIMEOUT_MS"))) {
    process.timeout = std::chrono::milliseconds{*timeout};
  }
  return process;
}

void serve(Socket& socket, Connections::Place& place, const Process& process) {
  beast::flat_buffer buffer;
  for (bool open = true; open;) {
    Parser parser;
    parser.header_limit(kLongestHead);
    parser.body_limit(
        std::numeric_limits<std::uint64_t>::max());  // Hearth has looked at it; `none` limits in Boost 1.74
    error_code error;
    http::read_header(socket, buffer, parser, error);
    place.begin_call();
    if (error) {
      // Whoever just leaves has nothing to be told.
      const bool spoke =
          buffer.size() > 0 && error.category() == http::make_error_code(http::error::bad_method).category();
      if (spoke)
        Answer{socket, "GET", 11, [] { return false; }}.fail(400, "Bad Request", error.message(), "client", "invalid");
      return;
    }
    if (asks_whether_quiet(parser)) return tell(socket, stirring(place));
    Body body{socket, buffer, parser};
    Request request = request_of(parser);
    request.arriving = [&body] { return body.read(); };
    Context context = context_of(request, process, socket);
    // A connection whose request was not read to its end has no next one.
    Answer answer{socket, request.method, parser.get().version(),
                  [&] { return parser.is_done() && parser.keep_alive() && !place.ending(); }};
    call(request, context, answer);
    open = answer.complete() && place.end_call();
  }
}

}  // namespace hearth::server
