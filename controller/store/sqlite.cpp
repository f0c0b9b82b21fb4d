#include "store/sqlite.h"

#include "domain/error.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace hearth::store {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

constexpr std::size_t kMostPrepared = 64;

// SQLite would create it by the process's umask; what it holds (environment of functions) is nobody else's to read. One
// that is there is not opened: closing it again would drop the locks that other connections of this process have on it.
void create_private(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  if (fd >= 0 || errno == EEXIST) return;
  const std::string reason = std::strerror(errno);
  throw Error(Code::unavailable, Layer::gateway, "cannot open the store " + file.string() + ": " + reason,
              "let hearthd's user write there, or give it another state folder");
}

}  // namespace

Sqlite::Sqlite(std::filesystem::path file, int patience_ms) : file_(std::move(file)) {
  create_private(file_);
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(file_.c_str(), &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  handle_.reset(opened);
  if (result != SQLITE_OK) fail(result, "open");
  sqlite3_busy_timeout(handle_.get(), patience_ms);
}

Sqlite::~Sqlite() = default;

void Sqlite::Close::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }

void Sqlite::run(const std::string& sql) {
  const int result = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) fail(result, "write to");
}

std::int64_t Sqlite::number(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.next() ? statement.number(0) : 0;
}

std::string Sqlite::text(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.next() ? statement.text(0) : std::string{};
}

int Sqlite::changes() const { return sqlite3_changes(handle_.get()); }

std::int64_t Sqlite::last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }

void Sqlite::fail(int result, std::string_view attempt) const {
  const auto say = [&](Code code, const std::string& reason, std::string hint) -> Error {
    return Error(code, Layer::gateway,
                 "cannot " + std::string(attempt) + " the store " + file_.string() + ": " + reason, std::move(hint));
  };
  // The memory that connections share is a file as well, and grows as one.
  switch (result == SQLITE_IOERR_SHMSIZE ? SQLITE_FULL : result & 0xff) {
    case SQLITE_FULL:
      throw say(Code::full, "the disk is full", "free some space; nothing that was acknowledged is lost");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      throw say(Code::unavailable, "it cannot be written",
                "let hearthd's user write to it and its folder, and see that the disk is not mounted read-only");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw say(Code::unavailable, "another hearthd uses it",
                "stop the other one (fn down), or give this one another state folder");
    case SQLITE_CORRUPT: throw say(Code::unavailable, "it is damaged", "move it away and put a backup in its place");
    case SQLITE_NOTADB:
      throw say(Code::unavailable, "it is no Hearth store", "move it away, or give hearthd another state folder");
    case SQLITE_IOERR:
      throw say(Code::unavailable, "the disk reports an error (SQLite " + std::to_string(result) + ")",
                "see the system's log for the disk; a full disk may say this too");
    default:
      throw say(Code::internal, std::string(sqlite3_errstr(result)) + " (" + sqlite3_errmsg(handle_.get()) + ")", "");
  }
}

void Sqlite::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

sqlite3_stmt* Sqlite::take(std::string_view sql) {
  if (const auto found = prepared_.find(sql); found != prepared_.end() && found->second) return found->second.release();
  sqlite3_stmt* prepared = nullptr;
  const int result = sqlite3_prepare_v2(handle(), sql.data(), static_cast<int>(sql.size()), &prepared, nullptr);
  if (result != SQLITE_OK) fail(result, "read");
  return prepared;
}

void Sqlite::give_back(std::string_view sql, sqlite3_stmt* statement) noexcept {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  const auto found = prepared_.find(sql);
  if (found != prepared_.end() && !found->second) {
    found->second.reset(statement);
  } else if (found == prepared_.end() && prepared_.size() < kMostPrepared) {
    prepared_.emplace(sql, statement);
  } else {
    sqlite3_finalize(statement);
  }
}

Statement::Statement(Sqlite& database, std::string_view sql)
    : database_(database), sql_(sql), statement_(database.take(sql)) {}

Statement::~Statement() { database_.give_back(sql_, statement_); }

void Statement::check(int result) const {
  if (result == SQLITE_OK) return;
  database_.fail(result, sqlite3_stmt_readonly(statement_) != 0 ? "read" : "write to");
}

Statement& Statement::bind(std::string_view text) {
  check(sqlite3_bind_text64(statement_, ++bound_, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC,
                            SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  check(sqlite3_bind_int64(statement_, ++bound_, number));
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  check(sqlite3_bind_blob64(statement_, ++bound_, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                            SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind_null() {
  check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

bool Statement::next() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) check(result);
  return false;
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string{} : std::string(bytes, static_cast<std::size_t>(size));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

// Immediate: the lock is taken before anything is read, so that no other writer comes between the look and the write.
Transaction::Transaction(Sqlite& database) : database_(database) { database_.run("BEGIN IMMEDIATE"); }

void Transaction::commit() { database_.run("COMMIT"); }

Transaction::~Transaction() {
  // A full disk has rolled it back already.
  if (sqlite3_get_autocommit(database_.handle()) == 0) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace hearth::store
