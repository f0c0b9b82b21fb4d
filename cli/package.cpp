#include "cli/package.h"

#include "cli/paths.h"
#include "domain/hex.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;
using domain::Bytes;
using domain::Code;
using domain::Error;
using domain::Layer;

constexpr std::time_t kEveryTime = 315532800;  // 1980-01-01: the first day that zip, and so Python's wheels, can say

[[noreturn]] void fail(const std::string& message, int reason) {
  throw Error(Code::internal, Layer::client, message + ": " + std::strerror(reason),
              reason == ENOSPC ? "make room, or set TMPDIR to a folder on another disk" : "");
}

// Writes a tar to a descriptor and counts and digests what it wrote.
class TarWriter {
 public:
  explicit TarWriter(int descriptor) : descriptor_(descriptor) {
    EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr);
    // GNU's format keeps names as bytes, of any length, whatever the locale.
    check(archive_write_set_format_gnutar(tar_.get()));
    check(archive_write_set_bytes_per_block(tar_.get(), 64 * 1024));
    check(archive_write_set_bytes_in_last_block(tar_.get(), 512));
    check(archive_write_open(tar_.get(), this, nullptr, &TarWriter::write, nullptr));
  }

  void begin(const Entry& entry) {
    archive_entry_clear(header_.get());
    archive_entry_set_pathname(header_.get(), entry.path.c_str());
    archive_entry_set_mtime(header_.get(), kEveryTime, 0);
    archive_entry_set_uid(header_.get(), 0);
    archive_entry_set_gid(header_.get(), 0);
    archive_entry_set_perm(header_.get(), entry.kind == EntryKind::file && !entry.executable ? 0644 : 0755);
    archive_entry_set_filetype(header_.get(), entry.kind == EntryKind::file     ? AE_IFREG
                                              : entry.kind == EntryKind::folder ? AE_IFDIR
                                                                                : AE_IFLNK);
    archive_entry_set_size(header_.get(), static_cast<la_int64_t>(entry.size));
    if (entry.kind == EntryKind::link) archive_entry_set_symlink(header_.get(), entry.target.c_str());
    check(archive_write_header(tar_.get(), header_.get()));
  }

  void data(std::string_view bytes) {
    if (archive_write_data(tar_.get(), bytes.data(), bytes.size()) < 0) check(ARCHIVE_FATAL);
  }

  void end() { check(archive_write_close(tar_.get())); }

  std::uint64_t size() const { return size_; }

  std::string digest() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned count = 0;
    EVP_DigestFinal_ex(digest_.get(), bytes.data(), &count);
    return "sha256:" + domain::to_hex({bytes.data(), count});
  }

 private:
  static la_ssize_t write(archive* tar, void* self, const void* data, std::size_t size) {
    auto& writer = *static_cast<TarWriter*>(self);
    const auto written = ::write(writer.descriptor_, data, size);
    if (written < 0) {
      archive_set_error(tar, errno, "write failed");
      return -1;
    }
    EVP_DigestUpdate(writer.digest_.get(), data, static_cast<std::size_t>(written));
    writer.size_ += static_cast<std::uint64_t>(written);
    return written;
  }

  void check(int result) {
    if (result == ARCHIVE_OK) return;
    const int reason = archive_errno(tar_.get());
    fail("the package cannot be written", reason > 0 ? reason : EIO);
  }

  int descriptor_;
  std::uint64_t size_ = 0;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  std::unique_ptr<archive, decltype(&archive_write_free)> tar_{archive_write_new(), archive_write_free};
  std::unique_ptr<archive_entry, decltype(&archive_entry_free)> header_{archive_entry_new(), archive_entry_free};
};

class File {
 public:
  explicit File(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {
    if (descriptor_ < 0) {
      throw Error(Code::invalid, Layer::client, path.string() + " cannot be read (" + std::strerror(errno) + ")",
                  "leave it out by a line in .fnignore, or make it readable");
    }
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  ssize_t read(char* buffer, std::size_t size) const { return ::read(descriptor_, buffer, size); }

 private:
  int descriptor_;
};

// The header has promised entry.size bytes.
void copy(const fs::path& path, const Entry& entry, TarWriter& tar, const std::stop_token& stop) {
  const File file(path);
  std::vector<char> buffer(256 * 1024);
  std::uint64_t total = 0;
  for (;;) {
    if (stop.stop_requested()) throw Error(Code::cancelled, Layer::client, "packing was interrupted");
    const auto count = file.read(buffer.data(), buffer.size());
    if (count < 0) fail(path.string() + " cannot be read", errno);
    total += static_cast<std::uint64_t>(count);
    if (total > entry.size || (count == 0 && total < entry.size)) {
      throw Error(Code::invalid, Layer::client, entry.path + " changed while it was packed", "deploy again");
    }
    if (count == 0) return;
    tar.data({buffer.data(), static_cast<std::size_t>(count)});
  }
}

void check_size(const std::vector<Entry>& entries, Bytes limit) {
  std::uint64_t total = 0;
  for (const auto& entry : entries) total += entry.size;
  if (total <= limit.count) return;
  const auto largest = std::ranges::max_element(entries, {}, &Entry::size);
  const auto mebibytes = [](std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
  throw Error(Code::invalid, Layer::limit,
              "the package would have " + mebibytes(total) + ", more than the limit of " + mebibytes(limit.count) +
                  "; its largest file is " + largest->path + " with " + mebibytes(largest->size),
              "leave out what the function does not need by lines in .fnignore");
}

}  // namespace

TemporaryFile::TemporaryFile() {
  auto name = (fs::path(environment("TMPDIR").value_or("/tmp")) / "fn-package-XXXXXX").string();
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("no temporary file can be made as " + name, errno);
  path_ = name;
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), descriptor_(std::exchange(other.descriptor_, -1)) {}

TemporaryFile::~TemporaryFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(path_.c_str());
}

Package pack(const fs::path& folder, const std::vector<Entry>& entries, Bytes limit, std::stop_token stop) {
  check_size(entries, limit);
  Package package{.tar = {}, .digest = {}};
  TarWriter tar(package.tar.descriptor());
  for (const auto& entry : entries) {
    tar.begin(entry);
    if (entry.kind != EntryKind::file) continue;
    copy(folder / entry.path, entry, tar, stop);
    ++package.files;
  }
  tar.end();
  package.digest = tar.digest();
  package.size = tar.size();
  return package;
}

}  // namespace hearth::cli
