// Brings what stands in a write-ahead log into the database proper, beside the one who writes: with a connection and a
// thread of its own, so that a commit pays for its own sync and no more. Only the log's last stretch, which came while
// the rest was brought over, keeps the writer waiting; after it the log begins anew and stays small.
#pragma once

#include "store/group_commit.h"
#include "store/sqlite.h"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <stop_token>
#include <thread>

namespace hearth::store {

class Checkpointer {
 public:
  // `writer`, used by `commits` alone, and `commits` outlive it.
  Checkpointer(std::filesystem::path file, Sqlite& writer, GroupCommit& commits);
  ~Checkpointer();

 private:
  void work(const std::stop_token& stop);
  void grown(int pages);

  Sqlite database_;
  Sqlite& writer_;
  GroupCommit& commits_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  bool due_ = false;
  std::jthread thread_;
};

}  // namespace hearth::store
