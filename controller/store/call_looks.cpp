// How durable calls are looked at.
#include "store/call_schema.h"
#include "store/sqlite_calls.h"

#include <utility>

namespace hearth::store {

using domain::FunctionName;

std::optional<ports::CallRecord> SqliteCalls::get(const std::string& id) {
  const std::lock_guard lock(mutex_);
  static const std::string sql = "SELECT " + std::string(kSummary) +
                                 ", seq, requests.head, requests.body, requests.file, requests.size, answers.head, "
                                 "answers.body, answers.file, answers.size FROM calls JOIN requests USING (seq) "
                                 "LEFT JOIN answers USING (seq) WHERE id = ?";
  Statement row(reader_, sql);
  row.bind(id);
  if (!row.next()) return std::nullopt;
  const auto content = [&row](int column) {
    return ports::Content{.bytes = row.text(column),
                          .file = row.text(column + 1),
                          .size = static_cast<std::uint64_t>(row.number(column + 2))};
  };
  ports::CallRecord record{
      .summary = summary_of(row), .head = row.text(13), .body = content(14), .answer = {}, .failed = {}};
  if (!row.is_null(17)) record.answer = {.status = record.summary.status, .head = row.text(17), .body = content(18)};
  Statement failed(
      reader_, "SELECT number, started, ended, status, reason FROM failures WHERE seq = ? ORDER BY number, started");
  failed.bind(row.number(12));
  while (failed.next()) {
    record.failed.push_back({.number = static_cast<std::uint32_t>(failed.number(0)),
                             .started = time_of(failed.number(1)),
                             .ended = time_of(failed.number(2)),
                             .status = static_cast<int>(failed.number(3)),
                             .reason = failed.text(4)});
  }
  return record;
}

std::vector<ports::CallSummary> SqliteCalls::list(const Filter& filter, const std::string& before, std::size_t limit) {
  std::string sql = "SELECT " + std::string(kSummary) + " FROM calls WHERE ";
  sql += filter.function ? "function = ?1" : "function >= ?1 AND function < ?2";
  // Where that call is forgotten, those that are older by their ids, which sort by time.
  if (!before.empty()) {
    sql +=
        " AND seq < coalesce((SELECT seq FROM calls WHERE id = ?3), "
        "(SELECT seq FROM calls WHERE id > ?3 ORDER BY id LIMIT 1), 9223372036854775807)";
  }
  // As a number, so that SQLite sees which index has those alone.
  if (filter.state) sql += " AND state = " + std::to_string(number_of(*filter.state));
  sql += " ORDER BY seq DESC LIMIT ?4";
  const auto function = filter.function ? text_of(*filter.function) : filter.space + ".";
  const auto end = filter.space + "/";  // what follows a "." in the order of bytes
  const std::lock_guard lock(looking_);
  Statement rows(onlooker_, sql);
  rows.bind(function).bind(end).bind(before).bind(static_cast<std::int64_t>(limit));
  std::vector<ports::CallSummary> found;
  while (rows.next()) found.push_back(summary_of(rows));
  return found;
}

std::vector<std::pair<FunctionName, std::uint64_t>> SqliteCalls::queued() {
  const std::lock_guard lock(looking_);
  Statement rows(onlooker_, "SELECT function, count(*) FROM calls WHERE state = 0 GROUP BY function");
  std::vector<std::pair<FunctionName, std::uint64_t>> found;
  while (rows.next()) found.emplace_back(function_of(rows.text(0)), static_cast<std::uint64_t>(rows.number(1)));
  return found;
}

std::vector<domain::Waiting> SqliteCalls::due(const FunctionName& function, const domain::CallTurn& from,
                                              std::size_t limit, Begun begun) {
  const std::lock_guard lock(mutex_);
  const auto name = text_of(function);
  Statement rows(reader_,
                 "SELECT due, id, attempts, misses FROM calls WHERE state = 0 AND function = ? AND (due, id) >= (?, ?) "
                 "AND (? OR started IS NULL) ORDER BY due, id LIMIT ?");
  rows.bind(name).bind(number_of(from.due)).bind(from.id).bind(std::int64_t{begun == Begun::too});
  rows.bind(static_cast<std::int64_t>(limit));
  std::vector<domain::Waiting> found;
  while (rows.next()) {
    found.push_back({.turn = {.due = time_of(rows.number(0)), .id = rows.text(1)},
                     .attempt = static_cast<std::uint32_t>(rows.number(2)) + 1,
                     .misses = static_cast<std::uint32_t>(rows.number(3))});
  }
  return found;
}

}  // namespace hearth::store
