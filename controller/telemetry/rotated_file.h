// Lines in two files of bounded size, the older one replaced by the newer when that is full. Every byte has a position
// that counts on through rotations, so that a reader goes on where it was. One thread at a time; blocks on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hearth::telemetry {

class RotatedFile {
 public:
  // Touches nothing before the first use. A line that a power cut left unfinished is cut off then.
  RotatedFile(std::filesystem::path file, std::uint64_t file_bytes);
  RotatedFile(const RotatedFile&) = delete;
  RotatedFile& operator=(const RotatedFile&) = delete;
  ~RotatedFile();

  // `lines` ends with a newline. False when the disk did not take all of it: nothing of it is kept then.
  bool append(std::string_view lines);
  std::uint64_t begin();  // of the oldest line that is kept
  std::uint64_t end();
  std::uint64_t tail(std::size_t lines);  // where the last `lines` lines begin
  // Whole lines from `from` (between begin and end) on, about 64 KiB of them at most.
  std::string read(std::uint64_t from);

  bool is_open() const { return descriptor_ >= 0; }
  void close();   // until the next append
  void remove();  // both files; it starts anew with the next append, positions go on

 private:
  void look();
  bool open();
  bool rotate();
  std::filesystem::path older() const;
  std::string read_at(std::uint64_t from, std::size_t size) const;

  std::filesystem::path file_;
  std::uint64_t file_bytes_;
  int descriptor_ = -1;
  bool looked_ = false;
  std::uint64_t begin_ = 0;    // position of the older file's first byte
  std::uint64_t current_ = 0;  // of the newer file's
  std::uint64_t end_ = 0;
};

}  // namespace hearth::telemetry
