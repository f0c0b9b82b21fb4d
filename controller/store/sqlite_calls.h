// Durable calls in a SQLite file of their own, with large bodies as files beside it. One connection writes, group by
// group; one reads for calls that run, and one for those who look at many, which takes longer; another brings what was
// written into the file proper, so that no call waits for that.
#pragma once

#include "ports/call_store.h"
#include "store/body_files.h"
#include "store/checkpointer.h"
#include "store/group_commit.h"
#include "store/sqlite.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hearth::store {

class SqliteCalls final : public ports::CallStore {
 public:
  // Makes `folder`, for calls.db and bodies/, where it is missing. Throws domain::Error with the mend when it cannot be
  // used.
  explicit SqliteCalls(const std::filesystem::path& folder);
  // What was given to it is written first.
  ~SqliteCalls() override;

  void add(ports::NewCall call, Stored then) override;
  void begin(const std::string& id, domain::WallTime at) override;
  void retry(const std::string& id, domain::Attempt attempt, domain::WallTime due, bool counts, Then then) override;
  void finish(const std::string& id, domain::CallState state, domain::WallTime at,
              std::optional<domain::Attempt> failed, std::optional<ports::Answer> answer, Then then) override;

  bool cancel(const std::string& id, domain::WallTime at) override;
  std::vector<domain::CallTurn> redrive(const std::vector<std::string>& ids, domain::WallTime due) override;
  std::size_t forget(domain::WallTime ended_before, domain::WallTime dead_before, std::size_t limit) override;

  std::optional<ports::CallRecord> get(const std::string& id) override;
  std::vector<ports::CallSummary> list(const Filter& filter, const std::string& before, std::size_t limit) override;
  std::vector<std::pair<domain::FunctionName, std::uint64_t>> queued() override;
  std::vector<domain::Waiting> due(const domain::FunctionName& function, const domain::CallTurn& from,
                                   std::size_t limit, Begun begun) override;
  void flush() override;

  std::unique_ptr<ports::BodyFile> make_body() override { return bodies_.make(); }
  std::filesystem::path path_of(const ports::Content& body) const override { return bodies_.path_of(body.file); }

  Counts counts() const override;

 private:
  void remove_orphans();

  BodyFiles bodies_;
  Sqlite writer_;
  std::mutex mutex_;  // of the reader
  Sqlite reader_;
  std::mutex looking_;  // of the onlooker
  Sqlite onlooker_;
  GroupCommit commits_;
  Checkpointer checkpointer_;
};

}  // namespace hearth::store
