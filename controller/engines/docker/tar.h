// Tars in and out. What comes in may be hostile: only files, folders and links whose path and target stay beneath the
// tar's root come through, within limits. What goes out is normal: owner, times and modes say nothing of where it was
// made, so that the same folder gives the same layer. One thread at a time; blocks on files.
#pragma once

#include "domain/function.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::docker {

struct TarEntry {
  enum class Kind : std::uint8_t { file, folder, link } kind = Kind::file;
  std::string path;         // relative and clean: "src/handler.py"
  bool executable = false;  // of a file
  std::uint64_t size = 0;   // of a file
  std::string target = {};  // of a link, as it was written
};

struct TarLimits {
  domain::Bytes unpacked = domain::mebibytes(512);
  std::size_t entries = 100'000;
  std::string subject = "the package";  // what it is, for the message of a refusal
};

// Throws domain::Error (`invalid`, layer `client`) for what must not come through, naming the entry.
class TarReader {
 public:
  TarReader(const std::filesystem::path& file, TarLimits limits);
  TarReader(int descriptor, TarLimits limits);  // from its current position
  ~TarReader();

  // The root itself is left out.
  std::optional<TarEntry> next();
  // A piece of the current file; empty at its end. Valid until the next call.
  std::string_view read();

 private:
  struct State;
  explicit TarReader(TarLimits limits);
  std::unique_ptr<State> state_;
};

enum class TarModes : std::uint8_t { writable, read_only };  // what the owner of an entry may

class TarWriter {
 public:
  explicit TarWriter(int descriptor, TarModes modes = TarModes::writable);
  ~TarWriter();

  // Begins an entry; a file's `size` bytes are then written.
  void begin(const TarEntry& entry);
  void write(std::string_view piece);
  void add_file(const std::string& path, std::string_view content, bool executable = false);
  // Throws `unavailable` when the disk is full, as the others do.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "a/./b//c" → "a/b/c", "." → ""; nothing where it is absolute or leads out.
std::optional<std::string> clean_path(std::string_view path);

}  // namespace hearth::docker
