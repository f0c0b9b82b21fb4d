// The tables of durable calls, and how values stand in them. Private to store/.
#pragma once

#include "domain/durable_call.h"
#include "domain/function.h"
#include "domain/time.h"
#include "ports/call_store.h"
#include "store/sqlite.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::store {

// A call's row is small, since each change of its state writes it anew; what it was sent and answered stands apart.
// `started` is that of the attempt that runs. What is queued has an index in the order of its turns.
inline constexpr std::array<std::string_view, 2> kCallSchema{
    R"(CREATE TABLE calls (
         seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, function TEXT NOT NULL, trigger TEXT NOT NULL, key TEXT,
         state INTEGER NOT NULL, attempts INTEGER NOT NULL, misses INTEGER NOT NULL, accepted INTEGER NOT NULL,
         due INTEGER NOT NULL, started INTEGER, finished INTEGER, status INTEGER NOT NULL, reason TEXT NOT NULL);
       CREATE INDEX calls_by_turn ON calls (function, due, id) WHERE state = 0;
       CREATE INDEX calls_by_function ON calls (function);
       CREATE INDEX calls_by_end ON calls (finished) WHERE state <> 0;
       CREATE UNIQUE INDEX calls_by_key ON calls (key) WHERE key IS NOT NULL;
       CREATE TABLE requests (seq INTEGER PRIMARY KEY, head BLOB NOT NULL, body BLOB NOT NULL, file TEXT NOT NULL,
                              size INTEGER NOT NULL);
       CREATE TABLE answers (seq INTEGER PRIMARY KEY, head BLOB NOT NULL, body BLOB NOT NULL, file TEXT NOT NULL,
                             size INTEGER NOT NULL);
       CREATE TABLE failures (
         seq INTEGER NOT NULL, number INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,
         status INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (seq, number, started)) WITHOUT ROWID;)",
    "CREATE INDEX calls_dead ON calls (function) WHERE state = 2",
};

inline constexpr std::int64_t number_of(domain::CallState state) { return static_cast<std::int64_t>(state); }
inline std::int64_t number_of(domain::WallTime time) { return time.time_since_epoch().count(); }
inline domain::WallTime time_of(std::int64_t number) { return domain::WallTime{std::chrono::milliseconds{number}}; }

// "space.name", also in the default namespace: those of a namespace stand together.
std::string text_of(const domain::FunctionName& function);
domain::FunctionName function_of(const std::string& text);

// The columns that summary_of reads, in its order.
inline constexpr std::string_view kSummary =
    "id, function, trigger, state, attempts, misses, accepted, due, started, finished, status, reason";
ports::CallSummary summary_of(const Statement& row);

}  // namespace hearth::store
