// The store in one SQLite file, for a hearthd on one machine. Write-ahead log, synced at every commit: what put()
// returned from survives a power cut. One connection behind a mutex, which keeps the file to this process: a second
// hearthd on the same file is refused. Any thread; blocks on the disk.
#pragma once

#include "ports/store.h"
#include "store/sqlite.h"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace hearth::store {

class SqliteStore final : public ports::Store {
 public:
  // Creates the folder and the file where they are missing. Throws domain::Error with the mend when it cannot be used.
  explicit SqliteStore(const std::filesystem::path& file);

  // 16 lower-case hex digits, made with the file: on every label, name and mount of this installation.
  const std::string& installation() const { return installation_; }

  // Lets the file go, for another hearthd; from here on everything is refused as `unavailable`. What was acknowledged
  // is there for whoever opens it next.
  void close();

  std::optional<ports::Document> get(std::string_view key) override;
  std::vector<ports::Document> list(std::string_view prefix, std::string_view after, std::size_t limit) override;
  std::optional<std::uint64_t> put(std::string_view key, std::string_view body, std::uint64_t expected) override;
  std::optional<std::vector<std::uint64_t>> put_all(std::span<const ports::Write> writes) override;
  bool remove(std::string_view key, std::uint64_t expected) override;

 private:
  Sqlite& open();  // with mutex_ held

  std::mutex mutex_;
  std::optional<Sqlite> database_;
  std::string installation_;
};

}  // namespace hearth::store
