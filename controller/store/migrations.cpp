#include "store/migrations.h"

#include "domain/error.h"

#include <array>
#include <string>
#include <string_view>

namespace hearth::store {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

constexpr std::int64_t kApplication = 0x48525448;  // "HRTH", in the file's header

// Step N brings user_version from N to N+1. A step that was released never changes.
constexpr std::array<std::string_view, 1> kSteps{
    R"(CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
       CREATE TABLE documents (key TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
       INSERT INTO meta VALUES ('installation', lower(hex(randomblob(8)))), ('last_version', 0);)",
};

void refuse_foreign(Sqlite& database, std::int64_t version) {
  const auto application = database.number("PRAGMA application_id");
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  const std::string store = "the store " + database.file().string();
  if (application != kApplication && (tables != 0 || version != 0)) {
    throw Error(Code::unavailable, Layer::gateway, store + " belongs to another program",
                "give hearthd another state folder");
  }
  if (version > static_cast<std::int64_t>(kSteps.size())) {
    throw Error(Code::unavailable, Layer::gateway,
                store + " was made by a newer hearthd (schema " + std::to_string(version) + ", this one knows " +
                    std::to_string(kSteps.size()) + ")",
                "start that newer version, or give this one another state folder");
  }
}

}  // namespace

void migrate(Sqlite& database) {
  const auto version = database.number("PRAGMA user_version");
  refuse_foreign(database, version);
  for (auto step = static_cast<std::size_t>(version); step < kSteps.size(); ++step) {
    Transaction transaction(database);
    database.run(std::string(kSteps[step]));
    database.run("PRAGMA application_id = " + std::to_string(kApplication));
    database.run("PRAGMA user_version = " + std::to_string(step + 1));
    transaction.commit();
  }
}

}  // namespace hearth::store
