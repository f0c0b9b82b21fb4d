// A store of durable calls in memory that keeps every promise of ports::CallStore but the one about power cuts. Tells
// of a change before the call that makes it returns, on the same thread.
#pragma once

#include "domain/error.h"
#include "fakes/temporary_folder.h"
#include "ports/call_store.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hearth::tests {

class FakeCallStore final : public ports::CallStore {
 public:
  void add(ports::NewCall call, Stored then) override {
    std::variant<std::string, domain::Fault> answer = call.id;
    {
      const std::scoped_lock lock{mutex_};
      const auto earlier = keys_.find(call.key);
      if (fault_) {
        answer = *fault_;
      } else if (!call.key.empty() && earlier != keys_.end()) {
        answer = earlier->second;
      } else {
        if (!call.key.empty()) keys_[call.key] = call.id;
        auto& row = rows_[call.id];
        row.number = ++last_;
        row.record.summary = {.id = call.id,
                              .function = call.function,
                              .trigger = call.trigger,
                              .accepted = call.accepted,
                              .due = call.due,
                              .started = {},
                              .finished = {},
                              .reason = {}};
        row.record.head = call.head;
        row.record.body = call.body;
      }
      const auto* id = std::get_if<std::string>(&answer);
      if (!id || *id != call.id) remove_file(call.body);
    }
    then(answer);
  }
  void begin(const std::string& id, domain::WallTime at) override {
    const std::scoped_lock lock{mutex_};
    auto* record = queued_record(id);
    if (!record || fault_) return;
    if (record->summary.started) {
      record->failed.push_back({.number = record->summary.attempts + 1,
                                .started = *record->summary.started,
                                .ended = at,
                                .reason = std::string(ports::kInterrupted)});
    }
    record->summary.started = at;
  }
  void retry(const std::string& id, domain::Attempt attempt, domain::WallTime due, bool counts, Then then) override {
    then(change(id, [&](ports::CallRecord& record) {
      auto& summary = record.summary;
      summary.misses = counts ? 0 : summary.misses + 1;
      if (counts) summary.attempts = attempt.number;
      summary.due = due;
      summary.status = attempt.status;
      summary.reason = attempt.reason;
      summary.started.reset();
      if (counts) add_failure(record, attempt);
    }));
  }
  void finish(const std::string& id, domain::CallState state, domain::WallTime at,
              std::optional<domain::Attempt> failed, std::optional<ports::Answer> answer, Then then) override {
    then(change(id, [&](ports::CallRecord& record) {
      record.summary.state = state;
      record.summary.finished = at;
      record.summary.started.reset();
      record.summary.attempts += failed || answer ? 1 : 0;
      record.summary.status = answer ? answer->status : 0;
      record.summary.reason = failed ? failed->reason : "";
      if (failed) add_failure(record, *failed);
      record.answer = answer;
    }));
  }

  bool cancel(const std::string& id, domain::WallTime at) override {
    const std::scoped_lock lock{mutex_};
    throw_fault();
    auto* record = queued_record(id);
    if (!record) return false;
    record->summary.state = domain::CallState::cancelled;
    record->summary.finished = at;
    record->summary.started.reset();
    return true;
  }
  std::vector<domain::CallTurn> redrive(const std::vector<std::string>& ids, domain::WallTime due) override {
    const std::scoped_lock lock{mutex_};
    throw_fault();
    std::vector<domain::CallTurn> turns;
    for (const auto& id : ids) {
      const auto found = rows_.find(id);
      if (found == rows_.end()) continue;
      auto& record = found->second.record;
      const auto state = record.summary.state;
      if (state != domain::CallState::dead && state != domain::CallState::cancelled) continue;
      record.summary = {.id = id,
                        .function = record.summary.function,
                        .trigger = record.summary.trigger,
                        .accepted = record.summary.accepted,
                        .due = due,
                        .started = {},
                        .finished = {},
                        .reason = {}};
      record.answer.reset();
      record.failed.clear();
      turns.push_back({.due = due, .id = id});
    }
    return turns;
  }
  std::size_t forget(domain::WallTime ended_before, domain::WallTime dead_before, std::size_t limit) override {
    const std::scoped_lock lock{mutex_};
    throw_fault();
    std::size_t forgotten = 0;
    for (auto at = rows_.begin(); at != rows_.end() && forgotten < limit;) {
      const auto& record = at->second.record;
      const auto before = record.summary.state == domain::CallState::dead ? dead_before : ended_before;
      if (!record.summary.finished || *record.summary.finished >= before) {
        ++at;
        continue;
      }
      remove_file(record.body);
      if (record.answer) remove_file(record.answer->body);
      at = rows_.erase(at);
      ++forgotten;
    }
    return forgotten;
  }

  std::optional<ports::CallRecord> get(const std::string& id) override {
    const std::scoped_lock lock{mutex_};
    const auto found = rows_.find(id);
    if (found == rows_.end()) return std::nullopt;
    return found->second.record;
  }
  std::vector<ports::CallSummary> list(const Filter& filter, const std::string& before, std::size_t limit) override {
    const std::scoped_lock lock{mutex_};
    std::vector<const Row*> rows;
    const auto last = rows_.lower_bound(before);
    for (const auto& [id, row] : rows_) {
      const auto& summary = row.record.summary;
      const bool of_function =
          filter.function ? summary.function == *filter.function : summary.function.space == filter.space;
      const bool in_state = !filter.state || summary.state == *filter.state;
      const bool in_page = before.empty() || last == rows_.end() || row.number < last->second.number;
      if (of_function && in_state && in_page) rows.push_back(&row);
    }
    std::ranges::sort(rows, std::greater{}, &Row::number);
    std::vector<ports::CallSummary> found;
    for (const auto* row : rows) {
      if (found.size() < limit) found.push_back(row->record.summary);
    }
    return found;
  }
  std::vector<std::pair<domain::FunctionName, std::uint64_t>> queued() override {
    const std::scoped_lock lock{mutex_};
    std::map<domain::FunctionName, std::uint64_t> counts;
    for (const auto& [id, row] : rows_) {
      if (row.record.summary.state == domain::CallState::queued) ++counts[row.record.summary.function];
    }
    return {counts.begin(), counts.end()};
  }
  std::vector<domain::Waiting> due(const domain::FunctionName& function, const domain::CallTurn& from,
                                   std::size_t limit, Begun begun) override {
    const std::scoped_lock lock{mutex_};
    std::vector<domain::Waiting> found;
    for (const auto& [id, row] : rows_) {
      const auto& summary = row.record.summary;
      const domain::CallTurn turn{.due = summary.due, .id = id};
      if (begun == Begun::not_those && summary.started) continue;
      if (summary.function != function || summary.state != domain::CallState::queued || turn < from) continue;
      found.push_back({.turn = turn, .attempt = summary.attempts + 1, .misses = summary.misses});
    }
    std::ranges::sort(found, {}, &domain::Waiting::turn);
    if (found.size() > limit) found.resize(limit);
    return found;
  }

  Counts counts() const override { return {}; }
  void flush() override {}

  std::unique_ptr<ports::BodyFile> make_body() override {
    const std::scoped_lock lock{mutex_};
    return std::make_unique<Body>(folder_.path(), std::to_string(++files_));
  }
  std::filesystem::path path_of(const ports::Content& body) const override { return folder_ / body.file; }

  // From now on every change fails with this, as on a full disk; nothing: they work again.
  void fail_writes(std::optional<domain::Fault> fault) {
    const std::scoped_lock lock{mutex_};
    fault_ = std::move(fault);
  }

 private:
  struct Row {
    std::uint64_t number = 0;
    ports::CallRecord record;
  };
  class Body final : public ports::BodyFile {
   public:
    Body(const std::filesystem::path& folder, std::string name)
        : name_(std::move(name)), stream_(folder / name_, std::ios::binary) {}
    void write(std::string_view bytes) override {
      stream_ << bytes;
      size_ += bytes.size();
    }
    ports::Content commit() override {
      stream_.flush();
      return {.bytes = {}, .file = name_, .size = size_};
    }

   private:
    const std::string name_;
    std::ofstream stream_;
    std::uint64_t size_ = 0;
  };

  template <class Change>
  std::optional<domain::Fault> change(const std::string& id, const Change& change) {
    const std::scoped_lock lock{mutex_};
    if (fault_) return fault_;
    if (auto* record = queued_record(id)) change(*record);
    return std::nullopt;
  }
  // As the table has it: the last failures first where a number was cut off and tried again.
  static void add_failure(ports::CallRecord& record, const domain::Attempt& attempt) {
    const auto order = [](const domain::Attempt& one) { return std::pair{one.number, one.started}; };
    const auto place = std::ranges::upper_bound(record.failed, order(attempt), {}, order);
    record.failed.insert(place, attempt);
  }
  ports::CallRecord* queued_record(const std::string& id) {
    const auto found = rows_.find(id);
    const bool queued = found != rows_.end() && found->second.record.summary.state == domain::CallState::queued;
    return queued ? &found->second.record : nullptr;
  }
  void throw_fault() const {
    if (fault_) throw domain::Error(*fault_);
  }
  void remove_file(const ports::Content& body) const {
    std::error_code ignored;
    if (!body.file.empty()) std::filesystem::remove(folder_ / body.file, ignored);
  }

  TemporaryFolder folder_;
  std::mutex mutex_;
  std::map<std::string, Row> rows_;
  std::map<std::string, std::string> keys_;
  std::uint64_t last_ = 0;
  std::uint64_t files_ = 0;
  std::optional<domain::Fault> fault_;
};

}  // namespace hearth::tests
