// Private to net/: libcurl's handles with owners, and one exchange prepared on an easy handle. Included by .cpp only.
#pragma once

#include "domain/error.h"
#include "net/http_client.h"

#include <curl/curl.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace hearth::net {

struct CloseEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct CloseMulti {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, CloseEasy>;
using Multi = std::unique_ptr<CURLM, CloseMulti>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

Easy make_easy();
Multi make_multi();

// One request and what came of it, bound to an easy handle by prepare(). Stays where it is until the handle is done
// with it: libcurl keeps its address.
class Exchange {
 public:
  Exchange(const Endpoint& endpoint, const Request& request, OnHead on_head, OnBody on_body);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void prepare(CURL* easy);
  // After the transfer: the answer, or throws what went wrong, translated.
  Response finish(CURL* easy, CURLcode result);

 private:
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t give_body(char* buffer, std::size_t size, std::size_t count, void* self);

  void header_line(std::string_view line);
  void set_address(CURL* easy);
  void set_tls(CURL* easy);
  void set_headers(CURL* easy);
  void set_body(CURL* easy);
  [[noreturn]] void fail(CURL* easy, CURLcode result) const;

  const Endpoint& endpoint_;
  const Request& request_;
  OnHead on_head_;
  OnBody on_body_;
  Response response_;
  HeaderList headers_;
  bool head_complete_ = false;
  bool ended_by_reader_ = false;
  std::exception_ptr thrown_;  // by a callback of the caller's; it must not pass through C
  char reason_[CURL_ERROR_SIZE] = {};
};

}  // namespace hearth::net
