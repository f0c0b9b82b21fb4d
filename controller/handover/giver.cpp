#include "handover/giver.h"

#include <sys/socket.h>

#include <utility>

namespace hearth::handover {

using ports::Descriptor;

namespace {

// Lines of containers' output that wait for the next successor, at most; the rest is lost.
constexpr std::size_t kMostUnsent = 20'000;
// How long a successor that does not read is waited for.
constexpr std::chrono::seconds kLastWords{10};

std::vector<Descriptor> copies(const std::vector<Descriptor>& descriptors, std::vector<Descriptor> all = {}) {
  for (const auto& one : descriptors) all.push_back(one.copy());
  return all;
}

}  // namespace

Giver::Giver(Settings settings) : settings_(std::move(settings)), listener_(listen_at(settings_.path)) {}

void Giver::start() {
  sender_ = std::jthread{[this](const std::stop_token& stop) { push(stop); }};
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

Giver::~Giver() {
  {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, kLastWords, [this] { return !linked_ || (unsent_.empty() && !sending_); });
  }
  thread_.request_stop();
  ::shutdown(listener_.get(), SHUT_RDWR);
  {
    const std::scoped_lock lock{mutex_};
    if (channel_) channel_.shut_down();
  }
  if (thread_.joinable()) thread_.join();
}

void Giver::send(Message message) {
  const std::scoped_lock lock{mutex_};
  if (nobody_follows_ || (unsent_.size() >= kMostUnsent && message.word(0) == "line")) return;
  unsent_.push_back(std::move(message));
  changed_.notify_all();
}

void Giver::forget_unsent() {
  const std::scoped_lock lock{mutex_};
  std::erase_if(unsent_, [](const Message& message) {
    const auto kind = message.word(0);
    return kind == "uses" || kind == "yours" || kind == "released";
  });
}

void Giver::push(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return linked_ && !unsent_.empty(); })) {
    // The channel is not replaced while it is linked.
    Message next = std::move(unsent_.front());
    unsent_.pop_front();
    sending_ = true;
    lock.unlock();
    const bool sent = channel_.send(next);
    lock.lock();
    sending_ = false;
    if (!sent) {
      linked_ = false;
      unsent_.push_front(std::move(next));
    } else if (!serving_ && !next.descriptors.empty()) {
      lent_.push_back(std::move(next));
    }
    changed_.notify_all();
  }
}

void Giver::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto next = accept_one(listener_.get());
    if (stop.stop_requested()) return;
    if (!next) continue;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return !sending_; });
      channel_ = std::move(*next);
    }
    serve(stop);
  }
}

// False: it went before it was ready.
bool Giver::offer() {
  Message sockets{.words = "sockets " + std::to_string(settings_.gateway.size()) + " " +
                           std::to_string(settings_.api.size())};
  for (auto& one : copies(settings_.api, copies(settings_.gateway))) {
    if (sockets.descriptors.size() == Channel::kMostDescriptors) {
      if (!channel_.send(sockets)) return false;
      sockets = {.words = "more"};
    }
    sockets.descriptors.push_back(std::move(one));
  }
  if (!channel_.send(sockets)) return false;
  const auto answer = channel_.receive();
  return answer && answer->word(0) == "ready";
}

void Giver::serve(const std::stop_token& stop) {
  if (!offer()) return;
  settings_.let_go();
  {
    const std::scoped_lock lock{mutex_};
    linked_ = true;
    changed_.notify_all();
  }
  bool in_good_order = false;
  while (const auto said = channel_.receive()) {
    if (said->word(0) == "serving") {
      {
        const std::scoped_lock lock{mutex_};
        serving_ = true;
        lent_.clear();
      }
      settings_.served();
    }
    in_good_order = said->word(0) == "farewell";
  }
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !sending_; });
    linked_ = serving_ = false;
    unsent_.insert(unsent_.begin(), std::make_move_iterator(lent_.begin()), std::make_move_iterator(lent_.end()));
    lent_.clear();
    changed_.notify_all();
  }
  if (stop.stop_requested()) return;
  if (!in_good_order) return settings_.lost();
  settings_.gateway.clear();  // the addresses are free for whoever starts next
  settings_.api.clear();
  {
    const std::scoped_lock lock{mutex_};
    nobody_follows_ = true;
    unsent_.clear();  // with the connections: their clients see them close, and connect anew
  }
  settings_.left();
}

}  // namespace hearth::handover
