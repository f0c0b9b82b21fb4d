// What a build sends to the engine: a package looked through, and tars made of it in files without a name. Blocks.
#pragma once

#include "engines/docker/tar.h"
#include "ports/host.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace hearth::docker {

// A file that is gone with its owner, whatever happens.
class Spool {
 public:
  explicit Spool(const std::filesystem::path& folder);

  int descriptor() const noexcept { return file_.get(); }
  std::uint64_t size() const;
  void append(std::string_view bytes);
  void rewind();
  // Reads on from where it stands; 0 at the end.
  std::size_t read(char* buffer, std::size_t size);

 private:
  ports::Descriptor file_;
};

// The paths in a package, each checked, and the contents of those named by `wanted`.
struct PackageIndex {
  std::set<std::string> files;  // links are files too
  std::map<std::string, std::string> contents;

  bool has(const std::string& file) const { return files.contains(file); }
  // "it has handler.py, fn.yaml and 3 more"
  std::string describe() const;
};
PackageIndex look_through(const std::filesystem::path& package, const std::set<std::string>& wanted, TarLimits limits);

// Whether an entry of a package goes into a context.
using Chosen = std::function<bool(const std::string& path)>;

// Copies what `from` still has to `into`, each path below `prefix` ("function/" or empty).
void copy_entries(TarReader& from, TarWriter& into, const std::string& prefix, const Chosen& chosen = nullptr);
// Copies what `from` has in `folder`, which is all that it has, as what `into` has in `as`.
void move_entries(TarReader& from, TarWriter& into, const std::string& folder, const std::string& as);

// Adds a file of this machine under the name of `path`.
void add_file(TarWriter& into, const std::string& path, const std::filesystem::path& file);
// Adds a folder of this machine, in the order of its names.
void add_folder(TarWriter& into, const std::filesystem::path& folder);

// "sha256" of a text in lower-case hex digits.
std::string hex_digest(std::string_view text);
std::string hex_digest(Spool& file);
// Of a file's mode and content.
std::string file_digest(const std::filesystem::path& file);
// Of a folder's paths, modes and contents.
std::string folder_digest(const std::filesystem::path& folder);

}  // namespace hearth::docker
