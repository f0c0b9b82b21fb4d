#include "net/http_client.h"

#include "net/curl_handle.h"

#include <mutex>

namespace hearth::net {

using domain::Code;
using domain::Layer;

namespace {

// A multi handle owns the connections made through it: kept together, the next call finds them open.
struct Transfer {
  Multi multi = make_multi();
  Easy easy = make_easy();
};

// Takes the easy handle out of the multi handle again, however the call ends; an unfinished transfer's connection is
// closed by that.
class Attached {
 public:
  explicit Attached(Transfer& transfer) : transfer_(transfer) {
    if (curl_multi_add_handle(transfer_.multi.get(), transfer_.easy.get()) != CURLM_OK) throw std::bad_alloc{};
  }
  ~Attached() { curl_multi_remove_handle(transfer_.multi.get(), transfer_.easy.get()); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  Transfer& transfer_;
};

std::optional<CURLcode> result_of(CURLM* multi) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return std::nullopt;
}

CURLcode run(Transfer& transfer, const Request& request, const std::stop_token& stop) {
  CURLM* multi = transfer.multi.get();
  const std::stop_callback wake{stop, [multi] { curl_multi_wakeup(multi); }};
  const auto forever = std::chrono::milliseconds{std::chrono::hours{1}};  // curl's own timers cut it short
  while (true) {
    if (stop.stop_requested()) {
      throw domain::Error(Code::cancelled, Layer::client, request.method + " " + request.target + ": cancelled");
    }
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (const auto result = result_of(multi)) return *result;
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(forever.count()), nullptr);
  }
}

}  // namespace

struct HttpClient::Impl {
  static constexpr std::size_t kKept = 16;  // idle connections; more callers at once open their own

  explicit Impl(Endpoint to) : endpoint(std::move(to)) {}

  std::unique_ptr<Transfer> take() {
    {
      const std::lock_guard lock{mutex};
      if (!idle.empty()) {
        auto transfer = std::move(idle.back());
        idle.pop_back();
        return transfer;
      }
    }
    return std::make_unique<Transfer>();
  }

  void give_back(std::unique_ptr<Transfer> transfer) {
    const std::lock_guard lock{mutex};
    if (idle.size() < kKept) idle.push_back(std::move(transfer));
  }

  Response call(const Request& request, const OnHead& on_head, const OnBody& on_body, const std::stop_token& stop) {
    auto transfer = take();
    Exchange exchange{endpoint, request, on_head, on_body};
    exchange.prepare(transfer->easy.get());
    Response response = [&] {
      const Attached attached{*transfer};
      const CURLcode result = run(*transfer, request, stop);
      return exchange.finish(transfer->easy.get(), result);
    }();
    give_back(std::move(transfer));
    return response;
  }

  const Endpoint endpoint;
  std::mutex mutex;
  std::vector<std::unique_ptr<Transfer>> idle;
};

HttpClient::HttpClient(Endpoint endpoint) : impl_(std::make_unique<Impl>(std::move(endpoint))) {}
HttpClient::~HttpClient() = default;

Response HttpClient::send(const Request& request, std::stop_token stop) {
  return impl_->call(request, nullptr, nullptr, stop);
}

Response HttpClient::stream(const Request& request, const OnHead& on_head, const OnBody& on_body,
                            std::stop_token stop) {
  const OnBody discard = [](std::string_view) { return true; };
  return impl_->call(request, on_head, on_body ? on_body : discard, stop);
}

std::optional<std::string> Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";  // RFC 3986
  std::string result;
  for (const unsigned char c : text) {
    if (kPlain.find(static_cast<char>(c)) != kPlain.npos) {
      result += static_cast<char>(c);
    } else {
      result += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return result;
}

}  // namespace hearth::net
