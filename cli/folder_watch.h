// Tells when something of a function's folder that goes into its package was changed: by inotify, sub-folders and those
// that come later included. One thread.
#pragma once

#include "cli/ignore.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <stop_token>
#include <string>

namespace hearth::cli {

class FolderWatch {
 public:
  // Watches from now on, but for what is not looked at. Throws `internal` where the system lets nobody watch any more.
  FolderWatch(const std::filesystem::path& folder, IgnoreRules rules);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // What is not looked at from now on; fn.yaml and .fnignore always are.
  void ignore(IgnoreRules rules);

  // Blocks until something was changed and nothing more has been for a moment: editors write a file in several steps.
  // The changed paths; none once `stop` was triggered.
  std::set<std::string> await_change(const std::stop_token& stop);

 private:
  void add(const std::string& inside);
  bool wait(std::chrono::milliseconds patience);
  void take_events(std::set<std::string>& changed);
  bool is_wanted(const std::string& path, bool is_folder) const;

  std::filesystem::path folder_;
  IgnoreRules rules_;
  int inotify_ = -1;
  int stopped_ = -1;
  std::map<int, std::string> watches_;  // → the folder's path inside, "" for the folder itself
};

}  // namespace hearth::cli
