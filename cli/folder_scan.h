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

// What is left out by default, then the folder's own .fnignore. `dockerfile` is the spec's `build`: where it is given,
// a folder without .fnignore goes by its .dockerignore; where not, the build brings the dependencies, and those of this
// machine stay here.
IgnoreRules ignore_rules(const std::filesystem::path& folder, const std::string& dockerfile);

// Every entry that is not ignored, sorted by the bytes of its path, folders before what they hold. Throws `invalid`
// for what cannot be packed: links that lead out, pipes, sockets, devices, what cannot be read.
std::vector<Entry> scan_folder(const std::filesystem::path& folder, const IgnoreRules& rules);

}  // namespace hearth::cli
