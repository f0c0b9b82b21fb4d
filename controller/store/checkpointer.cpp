#include "store/checkpointer.h"

#include "domain/error.h"

#include <sqlite3.h>

#include <utility>

namespace hearth::store {
namespace {

constexpr int kPages = 2'000;  // of 4 KiB: what a log may grow to before it is brought over

}  // namespace

Checkpointer::Checkpointer(std::filesystem::path file, Sqlite& writer, GroupCommit& commits)
    : database_(std::move(file)), writer_(writer), commits_(commits) {
  commits_.run([this](Sqlite&) {
    sqlite3_wal_hook(
        writer_.handle(),
        [](void* self, sqlite3*, const char*, int pages) {
          static_cast<Checkpointer*>(self)->grown(pages);
          return SQLITE_OK;
        },
        this);
  });
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

Checkpointer::~Checkpointer() {
  thread_.request_stop();
  thread_.join();
  try {
    commits_.run([this](Sqlite&) { sqlite3_wal_hook(writer_.handle(), nullptr, nullptr); });
  } catch (const domain::Error&) {  // the disk is full: nothing more is written by it
  }
}

// On the writer's thread, after each of its commits.
void Checkpointer::grown(int pages) {
  if (pages < kPages) return;
  const std::lock_guard lock(mutex_);
  due_ = true;
  wanted_.notify_one();
}

void Checkpointer::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wanted_.wait(lock, stop, [this] { return due_; })) {
    due_ = false;
    lock.unlock();
    // Its own connection brings over what is there, while commits go on; the writer the little that came meanwhile.
    if (sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr) ==
        SQLITE_OK) {
      commits_.between([](Sqlite& writer) {
        sqlite3_wal_checkpoint_v2(writer.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
      });
    }
    lock.lock();
  }
}

}  // namespace hearth::store
