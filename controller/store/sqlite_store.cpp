#include "store/sqlite_store.h"

#include "domain/error.h"
#include "store/migrations.h"

#include <array>
#include <system_error>
#include <utility>

namespace hearth::store {
namespace {

constexpr std::array<std::string_view, 1> kSchema{
    R"(CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
       CREATE TABLE documents (key TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
       INSERT INTO meta VALUES ('installation', lower(hex(randomblob(8)))), ('last_version', 0);)",
};

std::filesystem::path with_folder(const std::filesystem::path& file) {
  if (!file.has_parent_path()) return file;
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) {
    throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                        "cannot make the state folder " + file.parent_path().string() + ": " + error.message(),
                        "let hearthd's user write there, or give it another state folder");
  }
  return file;
}

std::uint64_t version_of(Sqlite& database, std::string_view key) {
  Statement statement(database, "SELECT version FROM documents WHERE key = ?");
  statement.bind(key);
  return statement.next() ? static_cast<std::uint64_t>(statement.number(0)) : 0;
}

// One counter for all keys, so that a key that was removed and made anew never repeats a version.
std::uint64_t next_version(Sqlite& database) {
  database.run("UPDATE meta SET value = value + 1 WHERE name = 'last_version'");
  return static_cast<std::uint64_t>(database.number("SELECT value FROM meta WHERE name = 'last_version'"));
}

// Within a transaction. Nothing when the key is not at version `expected`.
std::optional<std::uint64_t> put_one(Sqlite& database, std::string_view key, std::string_view body,
                                     std::uint64_t expected) {
  if (version_of(database, key) != expected) return std::nullopt;
  const auto version = next_version(database);
  Statement(database, "INSERT OR REPLACE INTO documents (key, version, body) VALUES (?, ?, ?)")
      .bind(key)
      .bind(static_cast<std::int64_t>(version))
      .bind_blob(body)
      .next();
  return version;
}

}  // namespace

SqliteStore::SqliteStore(const std::filesystem::path& file) : database_(std::in_place, with_folder(file)) {
  // Exclusive before the first access: the lock is held from here to the end of the process, and no shared memory
  // file is needed.
  database_->run("PRAGMA locking_mode = EXCLUSIVE");
  const auto version = database_->number("PRAGMA user_version");
  if (version == 0 && database_->number("SELECT count(*) FROM sqlite_schema") != 0) {
    migrate(*database_, kSchema);  // another program's: refused before anything in it is changed
  }
  database_->run("PRAGMA journal_mode = WAL");
  database_->run("PRAGMA synchronous = FULL");
  migrate(*database_, kSchema);
  installation_ = database_->text("SELECT value FROM meta WHERE name = 'installation'");
}

void SqliteStore::close() {
  const std::lock_guard lock(mutex_);
  database_.reset();
}

Sqlite& SqliteStore::open() {
  if (database_) return *database_;
  throw domain::Error({.code = domain::Code::unavailable,
                       .layer = domain::Layer::gateway,
                       .message = "this hearthd has given its store to the one that follows it",
                       .hint = "try again in a moment",
                       .retry_after = std::chrono::seconds{1}});
}

std::optional<ports::Document> SqliteStore::get(std::string_view key) {
  const std::lock_guard lock(mutex_);
  Statement statement(open(), "SELECT version, body FROM documents WHERE key = ?");
  statement.bind(key);
  if (!statement.next()) return std::nullopt;
  return ports::Document{std::string(key), static_cast<std::uint64_t>(statement.number(0)), statement.text(1)};
}

std::vector<ports::Document> SqliteStore::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  Statement statement(open(),
                      "SELECT key, version, body FROM documents WHERE key >= ? AND key > ? ORDER BY key LIMIT ?");
  statement.bind(prefix).bind(after).bind(static_cast<std::int64_t>(limit));
  std::vector<ports::Document> found;
  while (statement.next()) {
    auto key = statement.text(0);
    if (!key.starts_with(prefix)) break;
    found.push_back({std::move(key), static_cast<std::uint64_t>(statement.number(1)), statement.text(2)});
  }
  return found;
}

std::optional<std::uint64_t> SqliteStore::put(std::string_view key, std::string_view body, std::uint64_t expected) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(open());
  const auto version = put_one(open(), key, body, expected);
  if (version) transaction.commit();
  return version;
}

std::optional<std::vector<std::uint64_t>> SqliteStore::put_all(std::span<const ports::Write> writes) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(open());
  std::vector<std::uint64_t> versions;
  for (const auto& write : writes) {
    const auto version = put_one(open(), write.key, write.body, write.expected);
    if (!version) return std::nullopt;
    versions.push_back(*version);
  }
  transaction.commit();
  return versions;
}

bool SqliteStore::remove(std::string_view key, std::uint64_t expected) {
  if (expected == 0) return false;
  const std::lock_guard lock(mutex_);
  Statement statement(open(), "DELETE FROM documents WHERE key = ? AND version = ?");
  statement.bind(key).bind(static_cast<std::int64_t>(expected)).next();
  return open().changes() == 1;
}

}  // namespace hearth::store
