// What says that a function is one of `fn dev`, and whether that still runs: a file in the user's state folder, locked
// as long as its process lives. So what a kill -9 leaves is found by the next one, and nothing else is ever removed.
#pragma once

#include "domain/function.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hearth::cli {

// Which function of that name it was that `fn dev` made.
struct DevProof {
  std::string installation;    // of the hearthd that has it: another one may answer at its address by now
  std::uint64_t revision = 0;  // the last one that was put; 0: the answer to the first has not come
  std::string created_at;      // of that revision
};

class DevMark {
 public:
  // Claims the name, and nothing that may bear it yet. Throws `conflict` where another process works on it.
  DevMark(const std::filesystem::path& folder, const std::string& api, const domain::FunctionName& function);
  ~DevMark();  // keeps the file unless released
  DevMark(const DevMark&) = delete;
  DevMark& operator=(const DevMark&) = delete;

  // From now on the function is ours to remove; none: it is not.
  void write(const std::optional<DevProof>& proof);
  // The function is gone: so is the mark.
  void release();

 private:
  std::filesystem::path file_;
  std::string head_;
  int descriptor_ = -1;
};

struct LeftBehind {
  domain::FunctionName function;
  DevProof proof;
  std::filesystem::path file;  // to be removed after the function
};

// The functions at `api` whose `fn dev` was killed.
std::vector<LeftBehind> left_behind(const std::filesystem::path& folder, const std::string& api);

// $XDG_STATE_HOME/hearth/dev
std::filesystem::path dev_marks_folder();

}  // namespace hearth::cli
