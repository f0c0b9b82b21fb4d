#include "net/streams.h"

#include "net/curl_handle.h"

#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace hearth::net {

using domain::Code;
using domain::Fault;
using domain::Layer;

namespace {

const Fault kUnwanted{.code = Code::cancelled, .layer = Layer::client, .message = "no longer wanted"};

struct Stream {
  Stream(const Endpoint& endpoint, Request asked, OnHead on_head, OnBody on_body, Streams::OnEnd ended)
      : request(std::move(asked)),
        exchange(endpoint, request, std::move(on_head), std::move(on_body)),
        on_end(std::move(ended)) {}

  Streams::Id id = 0;
  Request request;
  Exchange exchange;
  Streams::OnEnd on_end;
  Easy easy = make_easy();
};

std::optional<Fault> fault_of(Stream& stream, CURLcode result) {
  try {
    stream.exchange.finish(stream.easy.get(), result);
    return std::nullopt;
  } catch (const domain::Error& error) {
    return error.fault();
  } catch (const std::exception& error) {  // a callback's: it ends its own stream, not the thread of all
    return Fault{.code = Code::internal, .layer = Layer::gateway, .message = error.what()};
  }
}

}  // namespace

struct Streams::Impl {
  explicit Impl(Endpoint to) : endpoint(std::move(to)), thread([this](std::stop_token stop) { run(stop); }) {}

  void run(const std::stop_token& stop) {
    const std::stop_callback wake{stop, [this] { curl_multi_wakeup(multi.get()); }};
    while (!stop.stop_requested()) {
      take_asked();
      int running = 0;
      curl_multi_perform(multi.get(), &running);
      end_done();
      curl_multi_poll(multi.get(), nullptr, 0, 3'600'000, nullptr);
    }
    take_asked();
    while (!open.empty()) end(open.begin()->first, kUnwanted);
  }

  void take_asked() {
    std::vector<std::unique_ptr<Stream>> arrived;
    std::set<Id> closing;
    {
      const std::lock_guard lock{mutex};
      arrived.swap(fresh);
      closing.swap(unwanted);
    }
    for (auto& stream : arrived) {
      CURL* easy = stream->easy.get();
      stream->exchange.prepare(easy);
      curl_multi_add_handle(multi.get(), easy);
      open.emplace(easy, std::move(stream));
    }
    if (closing.empty()) return;
    std::vector<CURL*> found;
    for (const auto& [easy, stream] : open) {
      if (closing.contains(stream->id)) found.push_back(easy);
    }
    for (auto* easy : found) end(easy, kUnwanted);
  }

  void end_done() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      end(easy, fault_of(*open.at(easy), message->data.result));
    }
  }

  void end(CURL* easy, const std::optional<Fault>& fault) {
    const auto stream = std::move(open.extract(easy).mapped());
    curl_multi_remove_handle(multi.get(), easy);
    if (stream->on_end) stream->on_end(fault);
  }

  const Endpoint endpoint;
  Multi multi = make_multi();
  std::map<CURL*, std::unique_ptr<Stream>> open;  // the thread's own
  std::mutex mutex;
  Id last = 0;
  std::vector<std::unique_ptr<Stream>> fresh;
  std::set<Id> unwanted;
  std::jthread thread;  // last: it uses all the others
};

Streams::Streams(Endpoint endpoint) : impl_(std::make_unique<Impl>(std::move(endpoint))) {}
Streams::~Streams() = default;

Streams::Id Streams::open(Request request, OnHead on_head, OnBody on_body, OnEnd on_end) {
  auto stream = std::make_unique<Stream>(impl_->endpoint, std::move(request), std::move(on_head), std::move(on_body),
                                         std::move(on_end));
  Id id = 0;
  {
    const std::lock_guard lock{impl_->mutex};
    id = stream->id = ++impl_->last;
    impl_->fresh.push_back(std::move(stream));
  }
  curl_multi_wakeup(impl_->multi.get());
  return id;
}

void Streams::close(Id stream) {
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->unwanted.insert(stream);
  }
  curl_multi_wakeup(impl_->multi.get());
}

}  // namespace hearth::net
