#include "control/directory.h"

namespace hearth::control {

const Directory::Row* Directory::Reader::find(std::string_view name) {
  if (const auto version = directory_->version_.load(std::memory_order_acquire); version != version_) {
    const std::scoped_lock lock{directory_->mutex_};
    rows_ = directory_->rows_;
    version_ = directory_->version_.load(std::memory_order_relaxed);
  }
  const auto row = rows_->find(name);
  return row == rows_->end() ? nullptr : &row->second;
}

void Directory::put(const domain::FunctionName& function, Row row) {
  const std::scoped_lock lock{mutex_};
  auto rows = std::make_shared<Rows>(*rows_);
  rows->insert_or_assign(to_string(function), std::move(row));
  rows_ = std::move(rows);
  version_.fetch_add(1, std::memory_order_release);
}

void Directory::remove(const domain::FunctionName& function) {
  const std::scoped_lock lock{mutex_};
  auto rows = std::make_shared<Rows>(*rows_);
  rows->erase(to_string(function));
  rows_ = std::move(rows);
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace hearth::control
