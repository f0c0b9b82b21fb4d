#include "store/group_commit.h"

#include <future>
#include <utility>

namespace hearth::store {
namespace {

// A transaction's time must stay in the order of one sync of the disk.
constexpr std::size_t kMostInOne = 1'000;

}  // namespace

GroupCommit::GroupCommit(Sqlite& database)
    : database_(database), thread_([this](const std::stop_token& stop) { work(stop); }) {}

GroupCommit::~GroupCommit() {
  thread_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  thread_.join();
}

void GroupCommit::submit(Change change, Then then) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({std::move(change), std::move(then)});
  if (waiting_.size() == 1) changed_.notify_one();
}

void GroupCommit::run(const Change& change) {
  std::promise<std::optional<domain::Fault>> told;
  submit(change, [&told](const std::optional<domain::Fault>& why_not) { told.set_value(why_not); });
  if (const auto why_not = told.get_future().get()) throw domain::Error(*why_not);
}

GroupCommit::Counts GroupCommit::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void GroupCommit::between(std::function<void(Sqlite&)> act) {
  const std::lock_guard lock(mutex_);
  acts_.push_back(std::move(act));
  changed_.notify_one();
}

std::vector<GroupCommit::Job> GroupCommit::next(const std::stop_token& stop,
                                                std::vector<std::function<void(Sqlite&)>>& acts) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !waiting_.empty() || !acts_.empty() || stop.stop_requested(); });
  acts = std::exchange(acts_, {});
  if (waiting_.size() <= kMostInOne) return std::exchange(waiting_, {});
  const auto end = waiting_.begin() + kMostInOne;
  std::vector<Job> batch(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return batch;
}

void GroupCommit::work(const std::stop_token& stop) {
  std::vector<std::function<void(Sqlite&)>> acts;
  while (true) {
    auto batch = next(stop, acts);
    for (const auto& act : acts) act(database_);
    if (batch.empty() && acts.empty()) return;
    if (!batch.empty()) carry_out(batch);
  }
}

void GroupCommit::carry_out(std::vector<Job>& batch) {
  auto fault = commit(batch, 0, batch.size());
  if (!fault) {
    for (auto& job : batch) job.then(std::nullopt);
    return;
  }
  // One of them may be at fault: each by itself, so that no other pays for it.
  for (std::size_t at = 0; at < batch.size(); ++at) {
    if (batch.size() > 1) fault = commit(batch, at, at + 1);
    batch[at].then(fault);
  }
}

std::optional<domain::Fault> GroupCommit::commit(std::vector<Job>& batch, std::size_t begin, std::size_t end) {
  try {
    Transaction transaction(database_);
    for (auto at = begin; at < end; ++at) batch[at].change(database_);
    transaction.commit();
  } catch (const domain::Error& error) {
    return error.fault();
  } catch (const std::exception& error) {
    return domain::Fault{.message = std::string("a change could not be stored: ") + error.what()};
  }
  const std::lock_guard lock(mutex_);
  ++counts_.commits;
  counts_.changes += end - begin;
  return std::nullopt;
}

}  // namespace hearth::store
