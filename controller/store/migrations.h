// The store's schema through the versions of Hearth.
#pragma once

#include "store/sqlite.h"

namespace hearth::store {

// Brings an older or an empty file to this version's schema, in one transaction a step; what was there stays. Throws
// `unavailable` for another program's database and for a schema made by a newer hearthd, leaving both untouched.
void migrate(Sqlite& database);

}  // namespace hearth::store
