// What of a function's folder goes into its package. Reads the file system; any thread.
#pragma once

#include "cli/ignore.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hearth::cli {

enum class EntryKind { file, folder, link };

struct Entry {
  std::string path;  // relative, with '/' between its parts
  EntryKind kind = EntryKind::file;
  std::uint64_t size = 0;  // of a file
  bool executable = false;
  std::string target;  // of a link, relative and inside the folder
};

// What is left out by default, then the folder's own .fnignore; for a Dockerfile without one its .dockerignore.
// `installs` says that the build brings the dependencies, so that those of this machine stay here.
IgnoreRules ignore_rules(const std::filesystem::path& folder, bool installs);

// Every entry that is not ignored, sorted by the bytes of its path, folders before what they hold. Throws `invalid`
// for what cannot be packed: links that lead out, pipes, sockets, devices, what cannot be read.
std::vector<Entry> scan_folder(const std::filesystem::path& folder, const IgnoreRules& rules);

}  // namespace hearth::cli
