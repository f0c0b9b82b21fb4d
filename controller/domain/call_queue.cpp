#include "domain/call_queue.h"

#include <iterator>
#include <utility>

namespace hearth::domain {

void CallQueue::add(Waiting call) {
  if (beyond_ && call.turn >= *beyond_) {
    if (filling_) meanwhile_.push_back(std::move(call));
    return;
  }
  waiting_.insert(std::move(call));
  if (waiting_.size() <= most_) return;
  const auto last = std::prev(waiting_.end());
  beyond_ = last->turn;
  // A page that is being read begins behind this one.
  if (filling_) meanwhile_.push_back(*last);
  waiting_.erase(last);
}

std::optional<Waiting> CallQueue::take(WallTime now, std::uint32_t at_once) {
  if (running_.size() >= at_once || waiting_.empty() || waiting_.begin()->turn.due > now) return std::nullopt;
  auto call = std::move(waiting_.extract(waiting_.begin()).value());
  running_.insert(call.turn.id);
  return call;
}

void CallQueue::ended(const std::string& id) {
  running_.erase(id);
  if (filling_) gone_.insert(id);
}

bool CallQueue::remove(const CallTurn& turn) {
  if (filling_) {
    gone_.insert(turn.id);
    std::erase_if(meanwhile_, [&](const Waiting& call) { return call.turn == turn; });
  }
  const auto found = waiting_.find(turn);
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

void CallQueue::look_again() {
  again_ = filling_;
  if (!filling_) beyond_ = CallTurn{};
}

std::optional<WallTime> CallQueue::first_due() const {
  return waiting_.empty() ? std::nullopt : std::optional{waiting_.begin()->turn.due};
}

std::optional<WallTime> CallQueue::wake_at(std::uint32_t at_once) const {
  if (running_.size() >= at_once || waiting_.empty()) return std::nullopt;
  return waiting_.begin()->turn.due;
}

std::optional<CallTurn> CallQueue::wants() const {
  if (filling_ || !beyond_ || waiting_.size() >= most_ / 4) return std::nullopt;
  return beyond_;
}

void CallQueue::filling() { filling_ = true; }

void CallQueue::fill(std::vector<Waiting> page, bool last) {
  filling_ = false;
  if (last) {
    beyond_.reset();
  } else if (!page.empty()) {
    beyond_ = page.back().turn;
    beyond_->id += '\0';  // the next that there can be
  }
  for (auto& call : page) {
    if (!running_.contains(call.turn.id) && !gone_.contains(call.turn.id)) waiting_.insert(std::move(call));
  }
  gone_.clear();
  for (auto& call : std::exchange(meanwhile_, {})) add(std::move(call));
  if (std::exchange(again_, false)) beyond_ = CallTurn{};
}

}  // namespace hearth::domain
