// Uploaded packages as files of a folder, named by the digest of their bytes. A crash leaves none half: an upload has a
// name of its own until it is whole and on disk. Blocks; any thread, any number of uploads at once.
#pragma once

#include "ports/packages.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hearth::store {

class PackagesFolder final : public ports::Packages {
 public:
  // Makes `folder` where it is missing, and removes what uploads that a crash cut off have left.
  explicit PackagesFolder(std::filesystem::path folder, domain::Bytes largest = domain::mebibytes(512));

  std::unique_ptr<ports::PackageUpload> upload(const std::string& digest) override;
  std::optional<std::filesystem::path> find(const std::string& digest) override;
  void remove(const std::string& digest) override;
  std::vector<std::string> list() override;

 private:
  const std::filesystem::path folder_;
  const domain::Bytes largest_;
};

}  // namespace hearth::store
