#include "net/curl_handle.h"

#include "net/tls_fault.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <mutex>
#include <new>

namespace hearth::net {

using domain::Code;
using domain::Layer;

namespace {

// curl_global_init is safe among threads only since 7.84 and not everywhere: once, before the first handle.
void initialise_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

bool is_loopback(const std::string& base) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url{curl_url(), &curl_url_cleanup};
  if (!url || curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) return false;
  char* part = nullptr;
  if (curl_url_get(url.get(), CURLUPART_HOST, &part, 0) != CURLUE_OK) return false;
  const std::string host{part};
  curl_free(part);
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

bool is_timeout(CURLcode result) { return result == CURLE_OPERATION_TIMEDOUT; }

}  // namespace

Easy make_easy() {
  initialise_once();
  Easy easy{curl_easy_init()};
  if (!easy) throw std::bad_alloc{};
  return easy;
}

Multi make_multi() {
  initialise_once();
  Multi multi{curl_multi_init()};
  if (!multi) throw std::bad_alloc{};
  return multi;
}

Exchange::Exchange(const Endpoint& endpoint, const Request& request, OnHead on_head, OnBody on_body)
    : endpoint_(endpoint), request_(request), on_head_(std::move(on_head)), on_body_(std::move(on_body)) {}

void Exchange::prepare(CURL* easy) {
  curl_easy_reset(easy);
  set_address(easy);
  set_tls(easy);
  set_headers(easy);
  set_body(easy);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason_);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

void Exchange::set_address(CURL* easy) {
  const std::string url = endpoint_.base + request_.target;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  if (!endpoint_.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint_.unix_socket.c_str());
  }
  if (!endpoint_.abstract_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, endpoint_.abstract_socket.c_str());
  }
  // A proxy from the environment leads elsewhere: what is on this machine is never asked for through one.
  const bool here = !endpoint_.unix_socket.empty() || !endpoint_.abstract_socket.empty() || is_loopback(endpoint_.base);
  if (here || endpoint_.direct) curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

void Exchange::set_tls(CURL* easy) {
  if (!endpoint_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, endpoint_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // else the system's are trusted beside it
  }
  if (!endpoint_.tls) return;
  const auto& [ca, certificate, key] = *endpoint_.tls;
  curl_easy_setopt(easy, CURLOPT_CAINFO, ca.c_str());
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // whom the system trusts says nothing of this server
  curl_easy_setopt(easy, CURLOPT_SSLCERT, certificate.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLKEY, key.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
}

void Exchange::set_headers(CURL* easy) {
  bool content_type = false;
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc{};
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  };
  for (const auto& [name, value] : request_.headers) {
    append(value.empty() ? name + ";" : name + ": " + value);
    content_type = content_type || lower(name) == "content-type";
  }
  append("Expect:");  // no second of waiting for a 100 before a body
  if (!content_type) append("Content-Type:");
  if (request_.read_body && !request_.body_size) append("Transfer-Encoding: chunked");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
}

void Exchange::set_body(CURL* easy) {
  const bool expects_body = request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH";
  if (request_.read_body) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Exchange::give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    if (request_.body_size) {
      curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*request_.body_size));
    }
    // Its body cannot be read twice, so it must not meet a kept connection that the server is just closing.
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  } else if (!request_.body.empty() || expects_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
  } else if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

std::size_t Exchange::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  try {
    exchange.header_line({data, size * count});
    return size * count;
  } catch (...) {
    exchange.thrown_ = std::current_exception();
    return 0;
  }
}

void Exchange::header_line(std::string_view line) {
  line = trim(line);
  if (!head_complete_ && line.starts_with("HTTP/")) {  // also the final head after an interim one
    response_.headers.clear();
    const auto space = line.find(' ');
    response_.status = space == line.npos ? 0 : std::atoi(std::string{line.substr(space + 1)}.c_str());
  } else if (line.empty()) {
    if (head_complete_ || response_.status < 200) return;
    head_complete_ = true;
    if (on_head_) on_head_(response_);
  } else if (const auto colon = line.find(':'); colon != line.npos) {
    response_.headers.emplace_back(lower(line.substr(0, colon)), std::string{trim(line.substr(colon + 1))});
  }
}

std::size_t Exchange::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::string_view piece{data, size * count};
  try {
    if (!exchange.on_body_) {
      exchange.response_.body += piece;
    } else if (!exchange.on_body_(piece)) {
      exchange.ended_by_reader_ = true;
      return CURL_WRITEFUNC_ERROR;
    }
    return piece.size();
  } catch (...) {
    exchange.thrown_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

std::size_t Exchange::give_body(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  try {
    return exchange.request_.read_body(buffer, size * count);
  } catch (...) {
    exchange.thrown_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

Response Exchange::finish(CURL* easy, CURLcode result) {
  if (thrown_) std::rethrow_exception(thrown_);
  // A server may refuse an upload before it has read it: what it said counts, not that it hung up.
  const bool refused_early = result == CURLE_SEND_ERROR && head_complete_ && response_.status >= 400;
  if (result != CURLE_OK && !ended_by_reader_ && !refused_early) fail(easy, result);
  return std::move(response_);
}

void Exchange::fail(CURL* easy, CURLcode result) const {
  const std::string peer = endpoint_.unix_socket.empty() ? endpoint_.base : endpoint_.unix_socket;
  const bool over_tls = endpoint_.tls || endpoint_.base.starts_with("https://");
  if (over_tls && !head_complete_) {
    const std::string_view said = reason_[0] != '\0' ? reason_ : curl_easy_strerror(result);
    const auto failure = endpoint_.tls ? tls_failure(said, *endpoint_.tls) : tls_failure(said, endpoint_.ca_file);
    if (failure) throw domain::Error(Code::unavailable, Layer::gateway, peer + ": " + failure->why, failure->mend);
  }
  const std::string attempted = request_.method + " " + request_.target + " at " + peer;
  curl_off_t connected = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
  if (is_timeout(result) && connected > 0) {
    throw domain::Error(Code::timeout, Layer::gateway,
                        attempted + ": no complete answer within " + std::to_string(request_.timeout.count()) + " ms");
  }
  long system_error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_error);
  std::string why = reason_[0] != '\0' ? reason_ : curl_easy_strerror(result);
  if (system_error != 0 && connected == 0) why = std::strerror(static_cast<int>(system_error));
  throw domain::Error(Code::unavailable, Layer::gateway, attempted + ": " + why);
}

}  // namespace hearth::net
