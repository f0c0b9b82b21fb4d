// Large bodies of durable calls as files of a folder, each under a name of its own. What is committed is on disk with
// its name. Blocks; any thread.
#pragma once

#include "ports/call_store.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hearth::store {

class BodyFiles {
 public:
  // Makes `folder` where it is missing.
  explicit BodyFiles(std::filesystem::path folder);

  std::unique_ptr<ports::BodyFile> make();
  std::filesystem::path path_of(const std::string& name) const { return folder_ / name; }
  void remove(const std::string& name) noexcept;
  // Those that nobody writes any more: what a crash may have left.
  std::vector<std::string> settled() const;

 private:
  const std::filesystem::path folder_;
};

}  // namespace hearth::store
