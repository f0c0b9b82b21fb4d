#include "control/call_feed.h"

#include <iterator>

namespace hearth::control {

struct CallFeed::Seat {
  std::string function;
  std::mutex mutex;
  std::condition_variable_any news;
  std::deque<CallRecord> records;
};

CallFeed::Follower CallFeed::follow(const std::string& function) {
  const auto seat = std::make_shared<Seat>();
  seat->function = function;
  const std::lock_guard lock{mutex_};
  seats_.push_back(seat);
  followers_ = seats_.size();
  return {*this, seat};
}

CallFeed::Follower::~Follower() {
  if (!seat_) return;
  const std::lock_guard lock{feed_->mutex_};
  std::erase(feed_->seats_, seat_);
  feed_->followers_ = feed_->seats_.size();
}

void CallFeed::add(std::string_view function, const CallRecord& record) {
  const std::lock_guard lock{mutex_};
  for (const auto& seat : seats_) {
    if (seat->function != function) continue;
    {
      const std::lock_guard seated{seat->mutex};
      seat->records.push_back(record);
      if (seat->records.size() > kMostKept) seat->records.pop_front();
    }
    seat->news.notify_all();
  }
}

std::vector<CallRecord> CallFeed::Follower::read(std::chrono::milliseconds patience, std::stop_token stop) {
  std::unique_lock lock{seat_->mutex};
  seat_->news.wait_for(lock, stop, patience, [this] { return !seat_->records.empty(); });
  std::vector<CallRecord> records(std::make_move_iterator(seat_->records.begin()),
                                  std::make_move_iterator(seat_->records.end()));
  seat_->records.clear();
  return records;
}

}  // namespace hearth::control
