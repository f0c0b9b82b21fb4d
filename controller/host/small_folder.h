// A folder that holds little: a file system of its own in memory, for what functions may write on this machine.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace hearth::host {

// Mounts one on `folder`, nobody's but `user`'s. False where this process may not mount. Throws `unavailable`.
bool mount_small_folder(const std::filesystem::path& folder, uid_t user);

// Away with it and what is in it, also while it is in use. Nothing happens where none is mounted.
void unmount_small_folder(const std::filesystem::path& folder) noexcept;

// Whether whoever listens on the unix socket `socket` sees what we mount: it runs in our mount namespace.
bool sees_our_mounts(const std::filesystem::path& socket);

}  // namespace hearth::host
