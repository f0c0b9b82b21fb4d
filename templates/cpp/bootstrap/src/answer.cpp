#include "answer.h"

#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <cstdio>

namespace hearth::server {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

// Framing and the connection are the server's to decide.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 6> kOurs{"connection", "keep-alive",        "te",
                                                  "trailer",    "transfer-encoding", "upgrade"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view ours) { return !AnyCase{}(ours, name) && !AnyCase{}(name, ours); });
}

bool is_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

void check(const Response& response) {
  if (response.status < 200 || response.status > 599) {
    throw std::invalid_argument("a Response's status is from 200 to 599, not " + std::to_string(response.status));
  }
  for (const auto& [name, value] : response.headers) {
    const bool broken = value.find_first_of(std::string_view{"\r\n\0", 3}) != value.npos;
    if (name.empty() || name.find_first_of(" \t\r\n:") != name.npos || broken) {
      throw std::invalid_argument("a header field cannot be sent: " + name);
    }
  }
  const auto [first, last] = response.headers.equal_range("Content-Length");
  if (first != last && (std::next(first) != last || !is_number(first->second))) {
    throw std::invalid_argument("a Response has one Content-Length, a number, not " + first->second);
  }
}

std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) {
      quoted += c;
    } else {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      quoted += escape.data();
    }
  }
  return quoted + "\"";
}

void succeed(const error_code& error) {
  if (error) throw Cancelled{};
}

}  // namespace

bool Answer::has_body(int status) const { return method_ != "HEAD" && status != 204 && status != 304; }

template <class Message>
void Answer::send_head(Message& message, const Response& response) {
  message.result(static_cast<unsigned>(response.status));
  message.version(version_);
  for (const auto& [name, value] : response.headers) {
    if (!is_ours(name)) message.insert(name, value);
  }
  if (response.status == 204) message.erase(http::field::content_length);
  keep_alive_ = keep_alive_ && kept_();
  message.keep_alive(keep_alive_);
}

void Answer::send(const Response& response) {
  check(response);
  keep_alive_ = true;
  if (response.stream) {
    send_pieces(response);
  } else {
    send_whole(response);
  }
  complete_ = true;
}

void Answer::send_whole(const Response& response) {
  http::response<http::span_body<const char>> message;
  begun_ = true;
  send_head(message, response);
  if (!response.body.empty() && message[http::field::content_type].empty()) {
    message.set(http::field::content_type, "text/plain; charset=utf-8");
  }
  // An answer to HEAD may tell of the body that it leaves out. Any other length would frame the connection's next
  // answer.
  const bool tells = method_ == "HEAD" && response.body.empty() && !message[http::field::content_length].empty();
  if (response.status != 204 && !tells) message.content_length(response.body.size());
  if (has_body(response.status)) message.body() = {response.body.data(), response.body.size()};
  error_code error;
  http::serializer<false, http::span_body<const char>> serializer{message};
  has_body(response.status) ? http::write(socket_, serializer, error) : http::write_header(socket_, serializer, error);
  succeed(error);
}

void Answer::send_pieces(const Response& response) {
  http::response<http::empty_body> message;
  const auto declared = response.headers.find("Content-Length");
  std::uint64_t left = declared == response.headers.end() ? 0 : std::stoull(declared->second);
  const bool counted = declared != response.headers.end();
  const bool chunked = !counted && version_ >= 11 && has_body(response.status);
  const auto begin = [&] {
    begun_ = true;
    if (!chunked && !counted) keep_alive_ = false;  // only its end says where the body ends
    send_head(message, response);
    if (message[http::field::content_type].empty() && response.status != 204) {
      message.set(http::field::content_type, "text/plain; charset=utf-8");
    }
    if (chunked) message.chunked(true);
    error_code error;
    http::serializer<false, http::empty_body> serializer{message};
    http::write_header(socket_, serializer, error);
    succeed(error);
  };
  response.stream([&](std::string_view piece) {
    if (!begun_) begin();
    if (piece.empty() || !has_body(response.status)) return;
    error_code error;
    if (chunked) {
      asio::write(socket_, http::make_chunk(asio::buffer(piece.data(), piece.size())), error);
    } else {
      if (counted) piece = piece.substr(0, left);
      left -= counted ? piece.size() : 0;
      asio::write(socket_, asio::buffer(piece.data(), piece.size()), error);
    }
    succeed(error);
  });
  if (!begun_) begin();
  error_code error;
  if (chunked) asio::write(socket_, http::make_chunk_last(), error);
  succeed(error);
  if (left > 0 && has_body(response.status)) throw std::length_error("the handler wrote less than its Content-Length");
}

void Answer::fail(int status, const std::string& title, const std::string& detail, const std::string& layer,
                  const std::string& code) {
  if (begun_) return abandon();
  try {
    send({.status = status,
          .headers = {{"Content-Type", "application/problem+json"}},
          .body = R"({"type": "about:blank", "title": )" + json_text(title) + R"(, "status": )" +
                  std::to_string(status) + R"(, "code": )" + json_text(code) + R"(, "layer": )" + json_text(layer) +
                  R"(, "detail": )" + json_text(detail) + "}"});
  } catch (const Cancelled&) {
    abandon();
  }
}

}  // namespace hearth::server
