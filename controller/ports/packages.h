// Uploaded folders, as tars, by the digest of their bytes.
#pragma once

#include "domain/function.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::ports {

// Takes one upload. Destroyed before commit: nothing is kept.
class PackageUpload {
 public:
  virtual ~PackageUpload() = default;
  virtual void write(std::string_view bytes) = 0;
  // Throws `invalid` when the bytes are not those of `digest`.
  virtual void commit() = 0;
};

class Packages {
 public:
  virtual ~Packages() = default;
  virtual std::unique_ptr<PackageUpload> upload(const std::string& digest) = 0;
  virtual std::optional<std::filesystem::path> find(const std::string& digest) = 0;
  virtual void remove(const std::string& digest) = 0;
  virtual std::vector<std::string> list() = 0;  // digests, in no order
};

}  // namespace hearth::ports
