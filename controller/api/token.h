// The bearer token of the management API: a file that only its owner can read. Blocks on the disk.
#pragma once

#include "domain/error.h"

#include <sys/types.h>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::api {

// The token in `folder`/token; made, 0600, at the first start. Of several who start at once all get the same one.
// Throws domain::Error where it cannot be made or read, is empty, or can be read by others.
std::string load_or_make_token(const std::filesystem::path& folder);

// Who called sudo: the token is theirs, too.
struct Caller {
  uid_t user = 0;
  gid_t group = 0;
  std::filesystem::path home;
};
// Nothing where hearthd was not started through sudo.
std::optional<Caller> sudo_caller();

// Writes the token where the caller's `fn` looks for it (~/.config/hearth/token), as that user and with that user's
// rights: what lies in a home is not root's to follow. Returns what went wrong; hearthd can go on without.
std::optional<domain::Fault> give_token(std::string_view token, const Caller& caller);

}  // namespace hearth::api
