#include "telemetry/rotated_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>

namespace hearth::telemetry {
namespace {

constexpr std::size_t kPiece = 64 << 10;

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

// Reads as much of [offset, offset + size) as there is.
std::string read_range(const std::filesystem::path& file, std::uint64_t offset, std::size_t size) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return {};
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const auto got = ::pread(descriptor, bytes.data() + filled, size - filled, static_cast<off_t>(offset + filled));
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  ::close(descriptor);
  bytes.resize(filled);
  return bytes;
}

}  // namespace

RotatedFile::RotatedFile(std::filesystem::path file, std::uint64_t file_bytes)
    : file_(std::move(file)), file_bytes_(file_bytes) {}

RotatedFile::~RotatedFile() { close(); }

std::filesystem::path RotatedFile::older() const { return file_.string() + ".1"; }

void RotatedFile::look() {
  if (looked_) return;
  looked_ = true;
  current_ = size_of(older());
  end_ = current_ + size_of(file_);
  while (end_ > current_) {
    const auto from = end_ - std::min<std::uint64_t>(kPiece, end_ - current_);
    const auto piece = read_at(from, end_ - from);
    const auto newline = piece.rfind('\n');
    if (newline != std::string::npos && from + newline + 1 == end_) break;
    end_ = newline == std::string::npos ? from : from + newline + 1;
    if (::truncate(file_.c_str(), static_cast<off_t>(end_ - current_)) != 0) break;
  }
}

bool RotatedFile::open() {
  look();
  if (descriptor_ >= 0) return true;
  descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  return descriptor_ >= 0;
}

void RotatedFile::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

bool RotatedFile::rotate() {
  close();
  if (::rename(file_.c_str(), older().c_str()) != 0) return false;
  begin_ = current_;
  current_ = end_;
  return open();
}

bool RotatedFile::append(std::string_view lines) {
  if (!open()) return false;
  if (end_ > current_ && end_ - current_ + lines.size() > file_bytes_ && !rotate()) return false;
  const auto before = end_;
  while (!lines.empty()) {
    const auto written = ::write(descriptor_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      // Half a line would be no line; cutting it off needs no space.
      if (::ftruncate(descriptor_, static_cast<off_t>(before - current_)) == 0) end_ = before;
      return false;
    }
    end_ += static_cast<std::uint64_t>(written);
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::uint64_t RotatedFile::begin() {
  look();
  return begin_;
}

std::uint64_t RotatedFile::end() {
  look();
  return end_;
}

std::string RotatedFile::read_at(std::uint64_t from, std::size_t size) const {
  if (from < current_) {
    return read_range(older(), from - begin_, std::min<std::uint64_t>(size, current_ - from));
  }
  return read_range(file_, from - current_, std::min<std::uint64_t>(size, end_ - from));
}

std::uint64_t RotatedFile::tail(std::size_t lines) {
  look();
  auto position = end_;
  while (position > begin_) {
    const auto floor = position > current_ ? current_ : begin_;
    const auto from = position - std::min<std::uint64_t>(kPiece, position - floor);
    const auto piece = read_at(from, position - from);
    if (piece.size() != position - from) return position;
    for (auto i = piece.size(); i-- > 0;) {
      if (piece[i] != '\n' || from + i + 1 == end_) continue;
      if (--lines == 0) return from + i + 1;
    }
    position = from;
  }
  return begin_;
}

std::string RotatedFile::read(std::uint64_t from) {
  look();
  from = std::max(from, begin_);
  for (std::size_t size = kPiece; from < end_; size *= 2) {
    auto piece = read_at(from, size);
    const auto newline = piece.rfind('\n');
    if (newline != std::string::npos) {
      piece.resize(newline + 1);
      return piece;
    }
    if (piece.size() < size) return {};
  }
  return {};
}

void RotatedFile::remove() {
  look();
  close();
  ::unlink(file_.c_str());
  ::unlink(older().c_str());
  begin_ = current_ = end_;
}

}  // namespace hearth::telemetry
