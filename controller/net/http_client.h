// HTTP as a client, for the control world and the command line: over TCP, TLS or a unix socket. The only user of
// libcurl. Blocks; one client may be used by any number of threads at once; every call ends soon after its
// stop_token is triggered.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::net {

// Files in PEM, for a server that knows its clients by their certificates.
struct TlsFiles {
  std::string ca;           // whom the server's certificate must be signed by
  std::string certificate;  // ours
  std::string key;          // its key
  bool operator==(const TlsFiles&) const = default;
};

struct Endpoint {
  std::string base;          // "http://127.0.0.1:8081", "http://docker" for a unix socket
  std::string unix_socket;   // a path; empty for TCP
  std::string ca_file = {};  // the authorities (PEM) that are trusted, instead of the system's; empty: the system's
  std::optional<TlsFiles> tls = {};
  bool direct = false;               // never through a proxy that the environment names
  std::string abstract_socket = {};  // a unix socket's name that is no path, without its leading zero
};

struct Request {
  std::string method = "GET";
  std::string target;  // "/v1.41/info?x=y", already encoded
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // Instead of `body`: fills the buffer, answers how much; 0 at the end. Sent chunked unless `body_size` is known.
  std::function<std::size_t(char* buffer, std::size_t size)> read_body = {};
  std::optional<std::uint64_t> body_size = {};
  std::chrono::milliseconds timeout{30'000};  // of the whole; 0: none
  std::chrono::milliseconds connect_timeout{5'000};
};

struct Response {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::optional<std::string> header(std::string_view name) const;
};

// Gets a piece of the body as it arrives; false ends the transfer (no error).
using OnBody = std::function<bool(std::string_view piece)>;
// Gets the head before the first piece of the body.
using OnHead = std::function<void(const Response& head)>;

class HttpClient {
 public:
  explicit HttpClient(Endpoint endpoint);
  ~HttpClient();

  // The whole answer, of whatever status. Throws domain::Error: `unavailable` when nothing answers (the message says
  // what was attempted and the system's reason), `timeout`, `cancelled`.
  Response send(const Request& request, std::stop_token stop = {});
  // The same with the body handed on piece by piece; `body` of the result stays empty.
  Response stream(const Request& request, const OnHead& on_head, const OnBody& on_body, std::stop_token stop = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string url_encode(std::string_view text);

}  // namespace hearth::net
