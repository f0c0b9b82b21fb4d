// Packages put into containers that run already. A container is bound to an empty folder of ours in a way that hands
// mounts on (rslave, mount_namespaces(7)); what is mounted over that folder later shows up in the container, and in no
// other. Needs root, and an engine that sees our mounts.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

namespace hearth::host {

// Any thread. Folders are named by who owns them.
class PackageMounts {
 public:
  explicit PackageMounts(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Makes the folder, and a mount of its own that hands on what is mounted in it. False where that cannot be, or where
  // bind() could not.
  bool open();
  // A fresh empty folder to bind a container to. Throws domain::Error.
  std::filesystem::path make(const std::string& name);
  void rename(const std::string& name, const std::string& to);  // where there is one
  // `package` over that folder: read-only, without devices or set-user-id programs from its first moment on. The
  // package may change its name or go afterwards, what is mounted stays.
  void bind(const std::string& name, const std::filesystem::path& package);
  // The mount and the folder, where they are there.
  void remove(const std::string& name) noexcept;
  // Takes away what open() made, unless somebody's folder is still in it.
  void close() noexcept;

 private:
  const std::filesystem::path folder_;
  std::mutex mutex_;
  bool open_ = false;
};

}  // namespace hearth::host
