// Calls nobody: keeps what is to be called for the test to end, one after the other. Any thread.
#pragma once

#include "ports/caller.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace hearth::tests {

class FakeCaller final : public ports::Caller {
 public:
  struct Attempt {
    ports::Errand errand;
    Then then;

    void answer(int status, std::string body = {}) {
      const auto size = body.size();
      then({.outcome = {.status = status},
            .answer = ports::Answer{.status = status,
                                    .head = std::to_string(status) + "\n",
                                    .body = {.bytes = std::move(body), .file = {}, .size = size}}});
    }
    void fail(domain::Code code, domain::Layer layer) {
      then({.outcome = {.fault = domain::Fault{.code = code, .layer = layer, .message = "it failed"}}, .answer = {}});
    }
  };

  void start(ports::Errand errand, Then then) override {
    const std::scoped_lock lock{mutex_};
    attempts_.push_back({std::move(errand), std::move(then)});
    changed_.notify_all();
  }
  void stop(const std::string& id) override {
    std::optional<Attempt> stopped;
    {
      const std::scoped_lock lock{mutex_};
      for (auto at = attempts_.begin(); at != attempts_.end(); ++at) {
        if (at->errand.id != id) continue;
        stopped = std::move(*at);
        attempts_.erase(at);
        break;
      }
      stopped_.push_back(id);
    }
    if (stopped) stopped->fail(domain::Code::cancelled, domain::Layer::client);
  }

  // The next attempt, which is the test's from here on; nothing where none comes within `patience`.
  std::optional<Attempt> next(std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [this] { return !attempts_.empty(); })) return std::nullopt;
    auto attempt = std::move(attempts_.front());
    attempts_.pop_front();
    return attempt;
  }
  // Waits until so many are there at once.
  bool await(std::size_t count, std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return attempts_.size() >= count; });
  }
  std::size_t count() {
    const std::scoped_lock lock{mutex_};
    return attempts_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Attempt> attempts_;
  std::deque<std::string> stopped_;
};

}  // namespace hearth::tests
