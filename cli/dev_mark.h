// What says that a function is one of `fn dev`, and whether that still runs: a file in the user's state folder, locked
// as long as its process lives. So what a kill -9 leaves is found by the next one, and nothing else is ever removed.
#pragma once

#include "domain/function.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hearth::cli {

class DevMark {
 public:
  // Throws `conflict` where another process works on the same function.
  DevMark(const std::filesystem::path& folder, const std::string& api, const domain::FunctionName& function);
  ~DevMark();  // keeps the file unless released
  DevMark(const DevMark&) = delete;
  DevMark& operator=(const DevMark&) = delete;

  // The function is gone: so is the mark.
  void release();

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
};

struct LeftBehind {
  domain::FunctionName function;
  std::filesystem::path file;  // to be removed after the function
};

// The functions at `api` whose `fn dev` was killed.
std::vector<LeftBehind> left_behind(const std::filesystem::path& folder, const std::string& api);

// $XDG_STATE_HOME/hearth/dev
std::filesystem::path dev_marks_folder();

}  // namespace hearth::cli
