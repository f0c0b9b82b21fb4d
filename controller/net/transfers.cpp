#include "net/transfers.h"

#include "net/curl_handle.h"

#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace hearth::net {

using domain::Code;
using domain::Fault;
using domain::Layer;

namespace {

constexpr std::size_t kKeptHandles = 64;
constexpr long kKeptConnections = 256;
constexpr long kOldestKept = 60;  // seconds; servers close what idles for longer, and a call would meet that
constexpr int kForever = 3'600'000;

Fault cancelled(const Request& request) {
  return {.code = Code::cancelled,
          .layer = Layer::client,
          .message = request.method + " " + request.target + ": cancelled"};
}

// One exchange on its handle. Stays where it is: libcurl keeps its address.
struct Transfer {
  Transfer(const Endpoint& endpoint, Easy handle, Request what, Hearing who)
      : request(std::move(what)),
        hearing(std::move(who)),
        exchange(endpoint, request, hearing.head, hearing.body),
        easy(std::move(handle)) {}

  const Request request;
  const Hearing hearing;
  Exchange exchange;
  Easy easy;
};

}  // namespace

struct Transfers::Impl {
  struct Order {
    std::uint64_t number = 0;
    Request request;
    Hearing hearing;
  };

  explicit Impl(Endpoint to) : endpoint(std::move(to)) {
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, kKeptConnections);
    thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~Impl() {
    thread.request_stop();
    curl_multi_wakeup(multi.get());
    thread.join();
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      take_orders();
      int running = 0;
      curl_multi_perform(multi.get(), &running);
      while (const auto* message = next_message()) end(message->easy_handle, message->data.result);
      if (has_orders()) continue;
      curl_multi_poll(multi.get(), nullptr, 0, kForever, nullptr);  // curl's own timers cut it short
    }
    take_orders();
    while (!under_way.empty()) end(under_way.begin()->second->easy.get(), std::nullopt);
  }

  void take_orders() {
    std::deque<Order> begun;
    std::vector<std::uint64_t> ended;
    {
      const std::lock_guard lock{mutex};
      begun = std::exchange(orders, {});
      ended = std::exchange(stops, {});
    }
    for (auto& order : begun) begin(std::move(order));
    for (const auto number : ended) {
      if (const auto found = under_way.find(number); found != under_way.end()) {
        end(found->second->easy.get(), std::nullopt);
      }
    }
  }

  bool has_orders() {
    const std::lock_guard lock{mutex};
    return !orders.empty() || !stops.empty();
  }

  const CURLMsg* next_message() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) return message;
    }
    return nullptr;
  }

  void begin(Order order) {
    auto transfer =
        std::make_unique<Transfer>(endpoint, take_handle(), std::move(order.request), std::move(order.hearing));
    CURL* easy = transfer->easy.get();
    transfer->exchange.prepare(easy);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kOldestKept);
    numbers[easy] = order.number;
    under_way[order.number] = std::move(transfer);
    if (curl_multi_add_handle(multi.get(), easy) != CURLM_OK) end(easy, CURLE_FAILED_INIT);
  }

  // Nothing: it is broken off.
  void end(CURL* easy, std::optional<CURLcode> result) {
    const auto number = numbers.extract(easy).mapped();
    const auto transfer = std::move(under_way.extract(number).mapped());
    std::variant<Response, Fault> answer = cancelled(transfer->request);
    if (result) {
      try {
        answer = transfer->exchange.finish(easy, *result);
      } catch (const domain::Error& error) {
        answer = error.fault();
      } catch (const std::exception& error) {
        answer = Fault{.message = error.what()};
      }
    }
    curl_multi_remove_handle(multi.get(), easy);
    if (handles.size() < kKeptHandles) handles.push_back(std::move(transfer->easy));
    transfer->hearing.done(std::move(answer));
  }

  Easy take_handle() {
    if (handles.empty()) return make_easy();
    auto handle = std::move(handles.back());
    handles.pop_back();
    return handle;
  }

  const Endpoint endpoint;
  const Multi multi = make_multi();
  std::mutex mutex;
  std::uint64_t last = 0;
  std::deque<Order> orders;
  std::vector<std::uint64_t> stops;
  // The thread's own.
  std::map<std::uint64_t, std::unique_ptr<Transfer>> under_way;
  std::map<CURL*, std::uint64_t> numbers;
  std::vector<Easy> handles;
  std::jthread thread;
};

Transfers::Transfers(Endpoint endpoint) : impl_(std::make_unique<Impl>(std::move(endpoint))) {}
Transfers::~Transfers() = default;

std::uint64_t Transfers::start(Request request, Hearing hearing) {
  const std::lock_guard lock{impl_->mutex};
  const auto number = ++impl_->last;
  impl_->orders.push_back({number, std::move(request), std::move(hearing)});
  curl_multi_wakeup(impl_->multi.get());
  return number;
}

void Transfers::stop(std::uint64_t number) {
  const std::lock_guard lock{impl_->mutex};
  impl_->stops.push_back(number);
  curl_multi_wakeup(impl_->multi.get());
}

}  // namespace hearth::net
