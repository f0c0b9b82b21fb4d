#include "store/migrations.h"

#include "domain/error.h"

#include <string>
#include <string_view>

namespace hearth::store {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;

constexpr std::int64_t kApplication = 0x48525448;  // "HRTH", in the file's header

void refuse_foreign(Sqlite& database, std::int64_t version, std::size_t known) {
  const auto application = database.number("PRAGMA application_id");
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  const std::string store = "the store " + database.file().string();
  if (application != kApplication && (tables != 0 || version != 0)) {
    throw Error(Code::unavailable, Layer::gateway, store + " belongs to another program",
                "give hearthd another state folder");
  }
  if (version > static_cast<std::int64_t>(known)) {
    throw Error(Code::unavailable, Layer::gateway,
                store + " was made by a newer hearthd (schema " + std::to_string(version) + ", this one knows " +
                    std::to_string(known) + ")",
                "start that newer version, or give this one another state folder");
  }
}

}  // namespace

void migrate(Sqlite& database, std::span<const std::string_view> steps) {
  const auto version = database.number("PRAGMA user_version");
  refuse_foreign(database, version, steps.size());
  for (auto step = static_cast<std::size_t>(version); step < steps.size(); ++step) {
    Transaction transaction(database);
    database.run(std::string(steps[step]));
    database.run("PRAGMA application_id = " + std::to_string(kApplication));
    database.run("PRAGMA user_version = " + std::to_string(step + 1));
    transaction.commit();
  }
}

}  // namespace hearth::store
