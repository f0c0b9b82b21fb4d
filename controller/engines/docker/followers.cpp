#include "engines/docker/followers.h"

#include <algorithm>
#include <utility>

namespace hearth::docker {

namespace {

std::int64_t wall_nanos() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

Following::Following(ports::LogSink& sink, domain::ReplicaId replica, domain::FunctionName function)
    : sink_(sink),
      replica_(replica),
      function_(std::move(function)),
      frames_([this](const OutputLine& one) { line(one); }) {}

bool Following::ended() const {
  const std::lock_guard lock{mutex_};
  return ended_;
}

bool Following::await_end(std::chrono::milliseconds patience) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, patience, [this] { return ended_; });
}

std::string Following::tail() const {
  const std::lock_guard lock{mutex_};
  std::string text;
  for (const auto& line : tail_) text += line + "\n";
  return text;
}

void Following::drop_tail() {
  const std::lock_guard lock{mutex_};
  keeps_tail_ = false;
  tail_.clear();
  tail_.shrink_to_fit();
}

std::int64_t Following::last_nanos() const {
  const std::lock_guard lock{mutex_};
  return last_nanos_;
}

std::int64_t Following::leave() {
  const std::lock_guard lock{mutex_};
  left_ = true;
  return std::max<std::int64_t>(last_nanos_, 1);  // nothing told yet: whoever follows begins at the start
}

bool Following::feed(std::string_view bytes) {
  frames_.feed(bytes);
  const std::lock_guard lock{mutex_};
  const bool before = doubtful();
  fed_bytes_ += bytes.size();
  fed_at_ = std::chrono::steady_clock::now();
  heard_nanos_ = std::max(heard_nanos_, frames_.last_nanos());
  return !before && doubtful();
}

void Following::doubt_from_here() {
  const std::lock_guard lock{mutex_};
  fed_bytes_ = std::max(fed_bytes_, kDoubtful.count);
  fed_at_ = std::chrono::steady_clock::now();
  heard_nanos_ = std::max(heard_nanos_, last_nanos_);
}

Following::Doubt Following::doubt(domain::Time now) const {
  const std::lock_guard lock{mutex_};
  if (!doubtful()) return Doubt::none;
  return now - fed_at_ < kSilence ? Doubt::not_yet : Doubt::due;
}

std::int64_t Following::settle_doubt(domain::Time when) {
  const std::lock_guard lock{mutex_};
  looked_at_ = when;
  return heard_nanos_;
}

void Following::end() {
  frames_.end();
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  changed_.notify_all();
}

// False where it has not ended.
bool Following::reopen() {
  const std::lock_guard lock{mutex_};
  return std::exchange(ended_, false);
}

void Following::note(std::string_view text) {
  using namespace std::chrono;
  sink_.line({.replica = replica_,
              .function = function_,
              .time = floor<milliseconds>(system_clock::now()),
              .error_stream = true,
              .text = text});
}

void Following::line(const OutputLine& line) {
  using namespace std::chrono;
  {
    const std::lock_guard lock{mutex_};
    if (left_) return;
    last_nanos_ = frames_.last_nanos();
    if (keeps_tail_) {
      tail_.emplace_back(line.text.substr(0, 1000));
      if (tail_.size() > kTailLines) tail_.pop_front();
    }
  }
  sink_.line({.replica = replica_,
              .function = function_,
              .time = domain::WallTime{duration_cast<milliseconds>(nanoseconds{line.time_nanos})},
              .error_stream = line.error_stream,
              .text = line.text});
}

Followers::Followers(Api& api, ports::LogSink& sink, std::function<void()> on_trouble)
    : api_(api), sink_(sink), on_trouble_(std::move(on_trouble)), streams_(endpoint_of(api.location())) {}

std::shared_ptr<Following> Followers::follow(const std::string& container, domain::ReplicaId replica,
                                             const domain::FunctionName& function, std::function<void()> on_end) {
  auto following = std::make_shared<Following>(sink_, replica, function);
  open(container, following, "", std::move(on_end));
  return following;
}

std::shared_ptr<Following> Followers::join(const std::string& container, domain::ReplicaId replica,
                                           const domain::FunctionName& function, std::int64_t told) {
  auto following = std::make_shared<Following>(sink_, replica, function);
  following->drop_tail();
  // Or one that breaks off before its first line would be told from the start.
  following->last_nanos_ = told != 0 ? told : wall_nanos();
  following->doubt_from_here();
  // Docker's `since` includes its own moment, to the nanosecond.
  open(container, following, told != 0 ? "&since=" + unix_seconds(told + 1) : "&tail=0", {});
  on_trouble_();
  return following;
}

void Followers::resume(const std::string& container, const std::shared_ptr<Following>& following,
                       std::function<void()> on_end) {
  if (!following->reopen()) return;
  // Docker's `since` includes its own moment, to the nanosecond.
  const auto last = following->last_nanos();
  following->doubt_from_here();
  open(container, following, last == 0 ? "" : "&since=" + unix_seconds(last + 1), std::move(on_end));
  on_trouble_();
}

void Followers::break_off(const Following& following) {
  net::Streams::Id stream = 0;
  {
    const std::lock_guard lock{following.mutex_};
    stream = following.stream_;
  }
  streams_.close(stream);
}

void Followers::open(const std::string& container, const std::shared_ptr<Following>& following, const std::string& from,
                     std::function<void()> on_end) {
  net::Request request;
  request.target = api_.versioned("/containers/" + container + "/logs?follow=1&stdout=1&stderr=1&timestamps=1" + from);
  request.timeout = std::chrono::milliseconds{0};
  auto accepted = std::make_shared<bool>(false);
  const std::lock_guard lock{following->mutex_};
  following->stream_ = streams_.open(
      std::move(request), [accepted](const net::Response& head) { *accepted = head.status == 200; },
      [this, accepted, following](std::string_view piece) {
        if (*accepted && following->feed(piece)) on_trouble_();
        return *accepted;
      },
      [this, following, on_end = std::move(on_end)](const std::optional<domain::Fault>&) {
        following->end();  // why does not matter here: the watch tells when the engine is away
        if (on_end) on_end();
        on_trouble_();
      });
}

}  // namespace hearth::docker
