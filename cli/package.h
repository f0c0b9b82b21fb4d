// A function's folder as one tar: the same bytes for the same contents, whoever packs it, wherever and whenever.
#pragma once

#include "cli/folder_scan.h"
#include "domain/function.h"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace hearth::cli {

// A file that is gone with its owner.
class TemporaryFile {
 public:
  TemporaryFile();  // open for writing, in TMPDIR; throws `internal`
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

struct Package {
  TemporaryFile tar;
  std::string digest;  // "sha256:…" of the tar's bytes
  std::uint64_t size = 0;
  std::size_t files = 0;
};

inline constexpr domain::Bytes kPackageLimit = domain::mebibytes(512);

// Blocks. Throws `invalid` for a package larger than `limit` or a file that changes meanwhile, `cancelled` when
// stopped.
Package pack(const std::filesystem::path& folder, const std::vector<Entry>& entries, domain::Bytes limit,
             std::stop_token stop);

}  // namespace hearth::cli
