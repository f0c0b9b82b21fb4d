// What functions' images have in /function, as folders of this machine that cells are bound to. Made when first wanted,
// kept while somebody uses them, and made anew after the machine started anew: nothing here waits for a disk.
#pragma once

#include "engines/docker/api.h"
#include "engines/docker/ownership.h"

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

namespace hearth::docker {

// Any thread.
class PackageFolders {
 public:
  // Touches no disk. `folder` is ours alone.
  PackageFolders(Api& api, Installation installation, std::filesystem::path folder);

  std::filesystem::path path_of(const std::string& image) const;  // also where it is not there
  std::optional<std::filesystem::path> find(const std::string& image) const;
  // Blocks until it is there, whoever makes it. Throws domain::Error.
  std::filesystem::path make(const std::string& image, const std::stop_token& stop);

  // A user of the folder of `image`, named by what it likes; make() comes after, find() may.
  void hold(const std::string& image, const std::string& user);
  bool let_go(const std::string& user);  // whether it held one
  // Removes what nobody holds, and what another start of the machine left.
  void tidy() noexcept;

 private:
  void unpack(const std::string& image, const std::filesystem::path& into, const std::stop_token& stop);

  Api& api_;
  const Installation installation_;
  const std::filesystem::path root_;
  const std::filesystem::path folder_;  // of this start of the machine
  std::mutex making_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> users_;  // → image
};

}  // namespace hearth::docker
