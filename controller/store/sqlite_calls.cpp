#include "store/sqlite_calls.h"

#include "domain/error.h"
#include "store/call_schema.h"
#include "store/disk.h"
#include "store/migrations.h"

#include <memory>
#include <set>
#include <utility>

namespace hearth::store {

namespace fs = std::filesystem;
using domain::CallState;

namespace {

fs::path made(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    disk_failed("make the folder " + folder.string(), error.value(), "free some space, or give another state folder");
  }
  return folder;
}

// Syncs at every commit; checkpoints are the checkpointer's.
Sqlite open(const fs::path& file) {
  Sqlite database(file);
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("PRAGMA wal_autocheckpoint = 0");
  migrate(database, kCallSchema);
  return database;
}

std::optional<std::string> of_key(Sqlite& database, const std::string& key) {
  Statement statement(database, "SELECT id FROM calls WHERE key = ?");
  statement.bind(key);
  if (!statement.next()) return std::nullopt;
  return statement.text(0);
}

std::optional<std::int64_t> queued_seq(Sqlite& database, const std::string& id) {
  Statement statement(database, "SELECT seq FROM calls WHERE id = ? AND state = 0");
  statement.bind(id);
  if (!statement.next()) return std::nullopt;
  return statement.number(0);
}

// Of a call that can be redriven.
std::optional<std::int64_t> ended_seq(Sqlite& database, const std::string& id) {
  Statement statement(database, "SELECT seq FROM calls WHERE id = ? AND state IN (2, 3)");
  statement.bind(id);
  if (!statement.next()) return std::nullopt;
  return statement.number(0);
}

void insert_message(Sqlite& database, std::string_view sql, std::int64_t seq, const ports::HeadText& head,
                    const ports::Content& body) {
  Statement(database, sql)
      .bind(seq)
      .bind_blob(head)
      .bind_blob(body.bytes)
      .bind(body.file)
      .bind(static_cast<std::int64_t>(body.size))
      .next();
}

void insert(Sqlite& database, const ports::NewCall& call) {
  const auto function = text_of(call.function);
  {
    Statement row(
        database,
        "INSERT INTO calls (id, function, trigger, state, attempts, misses, accepted, due, status, reason, key) "
        "VALUES (?, ?, ?, 0, 0, 0, ?, ?, 0, '', ?)");
    row.bind(call.id).bind(function).bind(call.trigger).bind(number_of(call.accepted)).bind(number_of(call.due));
    call.key.empty() ? row.bind_null() : row.bind(call.key);
    row.next();
  }
  insert_message(database, "INSERT INTO requests (seq, head, body, file, size) VALUES (?, ?, ?, ?, ?)",
                 database.last_row(), call.head, call.body);
}

void insert_failure(Sqlite& database, std::int64_t seq, const domain::Attempt& attempt) {
  Statement(database,
            "INSERT OR REPLACE INTO failures (seq, number, started, ended, status, reason) VALUES (?, ?, ?, ?, ?, ?)")
      .bind(seq)
      .bind(attempt.number)
      .bind(number_of(attempt.started))
      .bind(number_of(attempt.ended))
      .bind(attempt.status)
      .bind(attempt.reason)
      .next();
}

// Takes what stands apart from a call's row, and answers which file its answer had.
std::string remove_answer(Sqlite& database, std::int64_t seq) {
  std::string file;
  {
    Statement statement(database, "SELECT file FROM answers WHERE seq = ?");
    statement.bind(seq);
    if (statement.next()) file = statement.text(0);
  }
  Statement(database, "DELETE FROM answers WHERE seq = ?").bind(seq).next();
  Statement(database, "DELETE FROM failures WHERE seq = ?").bind(seq).next();
  return file;
}

std::string remove_request(Sqlite& database, std::int64_t seq) {
  std::string file;
  {
    Statement statement(database, "SELECT file FROM requests WHERE seq = ?");
    statement.bind(seq);
    if (statement.next()) file = statement.text(0);
  }
  Statement(database, "DELETE FROM requests WHERE seq = ?").bind(seq).next();
  return file;
}

}  // namespace

SqliteCalls::SqliteCalls(const fs::path& folder)
    : bodies_(made(folder) / "bodies"),
      writer_(open(folder / "calls.db")),
      reader_(folder / "calls.db"),
      onlooker_(folder / "calls.db"),
      commits_(writer_),
      checkpointer_(folder / "calls.db", writer_, commits_) {
  remove_orphans();
}

SqliteCalls::~SqliteCalls() = default;

// What was written and never stored, or forgotten and not yet removed.
void SqliteCalls::remove_orphans() {
  const auto files = bodies_.settled();
  if (files.empty()) return;
  std::set<std::string> named;
  for (const char* sql : {"SELECT file FROM requests WHERE file <> ''", "SELECT file FROM answers WHERE file <> ''"}) {
    Statement rows(reader_, sql);
    while (rows.next()) named.insert(rows.text(0));
  }
  for (const auto& file : files) {
    if (!named.contains(file)) bodies_.remove(file);
  }
}

void SqliteCalls::add(ports::NewCall call, Stored then) {
  struct Addition {
    ports::NewCall call;
    std::string stored;
  };
  const auto addition = std::make_shared<Addition>(Addition{std::move(call), {}});
  commits_.submit(
      [addition](Sqlite& database) {
        const auto& call = addition->call;
        if (!call.key.empty()) {
          if (auto earlier = of_key(database, call.key)) {
            addition->stored = std::move(*earlier);
            return;
          }
        }
        insert(database, call);
        addition->stored = call.id;
      },
      [this, addition, then = std::move(then)](const std::optional<domain::Fault>& why_not) {
        if (why_not || addition->stored != addition->call.id) bodies_.remove(addition->call.body.file);
        why_not ? then(*why_not) : then(std::move(addition->stored));
      });
}

void SqliteCalls::begin(const std::string& id, domain::WallTime at) {
  commits_.submit(
      [id, at](Sqlite& database) {
        Statement(database,
                  "INSERT OR REPLACE INTO failures SELECT seq, attempts + 1, started, ?, 0, ? FROM calls "
                  "WHERE id = ? AND state = 0 AND started IS NOT NULL")
            .bind(number_of(at))
            .bind(ports::kInterrupted)
            .bind(id)
            .next();
        Statement(database, "UPDATE calls SET started = ? WHERE id = ? AND state = 0")
            .bind(number_of(at))
            .bind(id)
            .next();
      },
      [](const std::optional<domain::Fault>&) {});  // the attempt's end says it all
}

void SqliteCalls::retry(const std::string& id, domain::Attempt attempt, domain::WallTime due, bool counts, Then then) {
  commits_.submit(
      [id, attempt = std::move(attempt), due, counts](Sqlite& database) {
        const auto seq = queued_seq(database, id);
        if (!seq) return;
        Statement update(database,
                         "UPDATE calls SET attempts = ?, misses = CASE WHEN ? THEN 0 ELSE misses + 1 END, due = ?, "
                         "status = ?, reason = ?, started = NULL WHERE seq = ?");
        update.bind(std::int64_t{counts ? attempt.number : attempt.number - 1}).bind(std::int64_t{counts});
        update.bind(number_of(due)).bind(attempt.status).bind(attempt.reason).bind(*seq).next();
        if (counts) insert_failure(database, *seq, attempt);
      },
      std::move(then));
}

void SqliteCalls::finish(const std::string& id, CallState state, domain::WallTime at,
                         std::optional<domain::Attempt> failed, std::optional<ports::Answer> answer, Then then) {
  struct End {
    std::optional<domain::Attempt> failed;
    std::optional<ports::Answer> answer;
    bool late = false;  // the call had ended already
  };
  const auto end = std::make_shared<End>(End{std::move(failed), std::move(answer)});
  commits_.submit(
      [id, state, at, end](Sqlite& database) {
        const auto& [failed, answer, late] = *end;
        const auto seq = queued_seq(database, id);
        end->late = !seq;
        if (!seq) return;
        Statement update(
            database,
            "UPDATE calls SET state = ?, finished = ?, started = NULL, attempts = attempts + ?, misses = 0, "
            "status = ?, reason = ? WHERE seq = ?");
        update.bind(number_of(state)).bind(number_of(at)).bind(std::int64_t{failed || answer});
        update.bind(answer ? answer->status : 0).bind(failed ? std::string_view(failed->reason) : "").bind(*seq).next();
        if (failed) insert_failure(database, *seq, *failed);
        if (!answer) return;
        insert_message(database, "INSERT OR REPLACE INTO answers (seq, head, body, file, size) VALUES (?, ?, ?, ?, ?)",
                       *seq, answer->head, answer->body);
      },
      [this, end, then = std::move(then)](const std::optional<domain::Fault>& why_not) {
        if (end->late && end->answer) bodies_.remove(end->answer->body.file);
        then(why_not);
      });
}

ports::CallStore::Counts SqliteCalls::counts() const {
  const auto counts = commits_.counts();
  return {.commits = counts.commits, .changes = counts.changes};
}

void SqliteCalls::flush() {
  commits_.run([](Sqlite&) {});
}

bool SqliteCalls::cancel(const std::string& id, domain::WallTime at) {
  bool changed = false;
  commits_.run([&](Sqlite& database) {
    Statement(database, "UPDATE calls SET state = ?, finished = ?, started = NULL WHERE id = ? AND state = 0")
        .bind(number_of(CallState::cancelled))
        .bind(number_of(at))
        .bind(id)
        .next();
    changed = database.changes() == 1;
  });
  return changed;
}

std::vector<domain::CallTurn> SqliteCalls::redrive(const std::vector<std::string>& ids, domain::WallTime due) {
  std::vector<domain::CallTurn> turns;
  std::vector<std::string> files;
  commits_.run([&](Sqlite& database) {
    turns.clear();
    files.clear();
    for (const auto& id : ids) {
      const auto seq = ended_seq(database, id);
      if (!seq) continue;
      Statement(
          database,
          "UPDATE calls SET state = 0, attempts = 0, misses = 0, due = ?, finished = NULL, status = 0, reason = '' "
          "WHERE seq = ?")
          .bind(number_of(due))
          .bind(*seq)
          .next();
      files.push_back(remove_answer(database, *seq));
      turns.push_back({.due = due, .id = id});
    }
  });
  for (const auto& file : files) bodies_.remove(file);
  return turns;
}

std::size_t SqliteCalls::forget(domain::WallTime ended_before, domain::WallTime dead_before, std::size_t limit) {
  std::vector<std::int64_t> old;
  std::vector<std::string> files;
  commits_.run([&](Sqlite& database) {
    old.clear();
    files.clear();
    {
      Statement rows(
          database,
          "SELECT seq FROM calls WHERE state <> 0 AND finished < CASE state WHEN 2 THEN ? ELSE ? END LIMIT ?");
      rows.bind(number_of(dead_before)).bind(number_of(ended_before)).bind(static_cast<std::int64_t>(limit));
      while (rows.next()) old.push_back(rows.number(0));
    }
    for (const auto seq : old) {
      files.push_back(remove_request(database, seq));
      files.push_back(remove_answer(database, seq));
      Statement(database, "DELETE FROM calls WHERE seq = ?").bind(seq).next();
    }
  });
  for (const auto& file : files) bodies_.remove(file);
  return old.size();
}

}  // namespace hearth::store
