// What a hearthd that we started wrote: the place to learn why it ended. Reads the file system; one thread.
#pragma once

#include "domain/error.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hearth::cli {

class DaemonLog {
 public:
  // What stands in `path` by now belongs to earlier starts.
  explicit DaemonLog(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  // hearthd's own last word, "hearthd: WHAT; MEND", else its last lines.
  domain::Fault why_it_ended() const;

 private:
  std::filesystem::path path_;
  std::uint64_t begin_ = 0;
};

// The same of a text. Pure.
domain::Fault read_last_words(std::string_view log, const std::string& path);

}  // namespace hearth::cli
