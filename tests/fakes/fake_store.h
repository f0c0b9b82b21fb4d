// A store in memory that keeps every promise of ports::Store but the one about power cuts.
#pragma once

#include "domain/error.h"
#include "ports/store.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::tests {

class FakeStore final : public ports::Store {
 public:
  std::optional<ports::Document> get(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const auto found = documents_.find(key);
    if (found == documents_.end()) return std::nullopt;
    return ports::Document{found->first, found->second.version, found->second.body};
  }

  std::vector<ports::Document> list(std::string_view prefix, std::string_view after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<ports::Document> found;
    for (auto at = documents_.lower_bound(prefix); at != documents_.end() && found.size() < limit; ++at) {
      if (!at->first.starts_with(prefix)) break;
      if (at->first > after) found.push_back({at->first, at->second.version, at->second.body});
    }
    return found;
  }

  std::optional<std::uint64_t> put(std::string_view key, std::string_view body, std::uint64_t expected) override {
    const std::lock_guard lock(mutex_);
    if (fault_) throw domain::Error(*fault_);
    if (version_of(key) != expected) return std::nullopt;
    documents_.insert_or_assign(std::string(key), Entry{++last_version_, std::string(body)});
    return last_version_;
  }

  std::optional<std::vector<std::uint64_t>> put_all(std::span<const ports::Write> writes) override {
    const std::lock_guard lock(mutex_);
    if (fault_) throw domain::Error(*fault_);
    for (const auto& write : writes) {
      if (version_of(write.key) != write.expected) return std::nullopt;
    }
    std::vector<std::uint64_t> versions;
    for (const auto& write : writes) {
      documents_.insert_or_assign(write.key, Entry{++last_version_, write.body});
      versions.push_back(last_version_);
    }
    ++batches_;
    return versions;
  }

  bool remove(std::string_view key, std::uint64_t expected) override {
    const std::lock_guard lock(mutex_);
    if (fault_) throw domain::Error(*fault_);
    if (expected == 0 || version_of(key) != expected) return false;
    documents_.erase(documents_.find(key));
    return true;
  }

  int batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  // From now on every write fails with this, as on a full disk; nothing: they work again.
  void fail_writes(std::optional<domain::Fault> fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
  }

 private:
  struct Entry {
    std::uint64_t version = 0;
    std::string body;
  };

  std::uint64_t version_of(std::string_view key) const {
    const auto found = documents_.find(key);
    return found == documents_.end() ? 0 : found->second.version;
  }

  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> documents_;
  std::uint64_t last_version_ = 0;
  int batches_ = 0;
  std::optional<domain::Fault> fault_;
};

}  // namespace hearth::tests
