// A database's schema through the versions of Hearth.
#pragma once

#include "store/sqlite.h"

#include <span>
#include <string_view>

namespace hearth::store {

// Brings an older or an empty file to this version's schema, in one transaction a step; what was there stays. Step N
// brings it from version N to N+1; one that was released never changes. Throws `unavailable` for another program's
// database and for a schema made by a newer hearthd, leaving both untouched.
void migrate(Sqlite& database, std::span<const std::string_view> steps);

}  // namespace hearth::store
