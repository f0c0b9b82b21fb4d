#include "control/directory.h"

namespace hearth::control {
namespace {

std::vector<domain::RouteRule> rules_of(const std::string& function, const std::vector<domain::HttpTrigger>& triggers) {
  std::vector<domain::RouteRule> rules;
  std::vector<domain::Complaint> none;  // what is served was checked when it was deployed
  for (const auto& trigger : triggers) rules.push_back({function, trigger, domain::parse_pattern(trigger, none)});
  return rules;
}

}  // namespace

void Directory::Reader::refresh() {
  const auto version = directory_->version_.load(std::memory_order_acquire);
  if (version == version_) return;
  const std::scoped_lock lock{directory_->mutex_};
  const auto own = std::make_shared<std::shared_ptr<const Snapshot>>(directory_->snapshot_);
  snapshot_ = std::shared_ptr<const Snapshot>(own, own->get());
  version_ = directory_->version_.load(std::memory_order_relaxed);
}

const Directory::Row* Directory::Reader::find(std::string_view name) {
  refresh();
  const auto row = snapshot_->rows.find(name);
  return row == snapshot_->rows.end() ? nullptr : &row->second;
}

std::shared_ptr<const Directory::Snapshot> Directory::Reader::snapshot() {
  refresh();
  return snapshot_;
}

std::optional<Directory::Row> Directory::look_up(const domain::FunctionName& function) const {
  std::shared_ptr<const Snapshot> snapshot;
  {
    const std::scoped_lock lock{mutex_};
    snapshot = snapshot_;
  }
  const auto row = snapshot->rows.find(to_string(function));
  if (row == snapshot->rows.end()) return std::nullopt;
  return row->second;
}

void Directory::put(std::vector<Entry> entries) {
  const std::scoped_lock lock{mutex_};
  auto rows = snapshot_->rows;
  for (auto& entry : entries) {
    const auto name = to_string(entry.function);
    rows.insert_or_assign(name, std::move(entry.row));
    rules_.insert_or_assign(name, rules_of(name, entry.triggers));
  }
  swap(std::move(rows));
}

void Directory::remove(const domain::FunctionName& function) {
  const std::scoped_lock lock{mutex_};
  auto rows = snapshot_->rows;
  rows.erase(to_string(function));
  rules_.erase(to_string(function));
  swap(std::move(rows));
}

void Directory::swap(Rows rows) {
  std::vector<domain::RouteRule> all;
  for (const auto& [name, rules] : rules_) all.insert(all.end(), rules.begin(), rules.end());
  snapshot_ =
      std::make_shared<const Snapshot>(Snapshot{.rows = std::move(rows), .routes = domain::RouteTable(std::move(all))});
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace hearth::control
