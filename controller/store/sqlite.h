// SQLite's C API with owners: a connection, a statement, a transaction. Its errors become domain::Error here and
// nowhere else. One thread at a time for a connection and all that belongs to it. Blocks on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace hearth::store {

class Sqlite {
 public:
  // Opens or creates the file, readable by its owner only. Waits up to `patience` for whoever else holds it.
  explicit Sqlite(std::filesystem::path file, int patience_ms = 300);
  Sqlite(Sqlite&&) noexcept = default;
  ~Sqlite();

  void run(const std::string& sql);             // one or more statements without results
  std::int64_t number(const std::string& sql);  // the first column of the first row
  std::string text(const std::string& sql);
  int changes() const;            // rows touched by the last statement
  std::int64_t last_row() const;  // the number of the row that was inserted last

  const std::filesystem::path& file() const { return file_; }
  sqlite3* handle() const { return handle_.get(); }
  // Prepared once and kept between its uses; whoever has it gives it back.
  sqlite3_stmt* take(std::string_view sql);
  void give_back(std::string_view sql, sqlite3_stmt* statement) noexcept;
  // Throws what `result` means, said of `attempt`: "write to", "open", "read".
  [[noreturn]] void fail(int result, std::string_view attempt) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, std::less<>> prepared_;
};

// One run of one prepared statement; `bind`s in order of its question marks. What is bound, and `sql`, must outlive it.
class Statement {
 public:
  Statement(Sqlite& database, std::string_view sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  Statement& bind_null();
  Statement& bind_blob(std::string_view bytes);
  bool next();  // true: there is a row
  std::int64_t number(int column) const;
  std::string text(int column) const;  // of text and blob alike
  bool is_null(int column) const;

 private:
  void check(int result) const;

  Sqlite& database_;
  const std::string_view sql_;
  sqlite3_stmt* const statement_;
  int bound_ = 0;
};

// Rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Sqlite& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Sqlite& database_;
};

}  // namespace hearth::store
