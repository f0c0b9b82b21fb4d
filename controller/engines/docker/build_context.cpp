#include "engines/docker/build_context.h"

#include "domain/hex.h"

#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

namespace hearth::docker {

using domain::Code;
using domain::Layer;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kWantedLimit = 16 << 20;  // of a file that we read ourselves: lock files grow

[[noreturn]] void disk_failed(const std::string& attempt, int error) {
  throw domain::Error(Code::unavailable, Layer::gateway, attempt + ": " + std::strerror(error),
                      error == ENOSPC ? "make room on the disk of the state folder" : "");
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) disk_failed("read " + file.string(), errno);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void copy_entry(TarReader& from, TarWriter& into, const TarEntry& entry) {
  into.begin(entry);
  if (entry.kind != TarEntry::Kind::file) return;
  for (auto piece = from.read(); !piece.empty(); piece = from.read()) into.write(piece);
}

bool is_executable(const fs::path& file) {
  return (fs::status(file).permissions() & fs::perms::owner_exec) != fs::perms::none;
}

// Relative paths of the regular files in `folder`, in order; what an interpreter left there is not part of it.
std::set<std::string> files_of(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().lexically_relative(folder).string();
    if (entry.is_regular_file() && path.find("__pycache__") == path.npos) files.insert(path);
  }
  return files;
}

}  // namespace

Spool::Spool(const fs::path& folder) {
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  std::string pattern = (folder / ".build-XXXXXX").string();
  file_ = ports::Descriptor{::mkostemp(pattern.data(), O_CLOEXEC)};
  if (!file_) disk_failed("make a file in " + folder.string(), errno);
  ::unlink(pattern.c_str());
}

std::uint64_t Spool::size() const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) disk_failed("look at a build's file", errno);
  return static_cast<std::uint64_t>(status.st_size);
}

void Spool::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) disk_failed("write a build's file", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Spool::rewind() {
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) disk_failed("read a build's file", errno);
}

std::size_t Spool::read(char* buffer, std::size_t size) {
  while (true) {
    const auto got = ::read(file_.get(), buffer, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) disk_failed("read a build's file", errno);
  }
}

std::string PackageIndex::describe() const {
  if (files.empty()) return "it is empty";
  constexpr std::size_t kShown = 8;
  std::string text = "it has ";
  std::size_t count = 0;
  for (const auto& file : files) {
    if (count == kShown) return text + " and " + std::to_string(files.size() - kShown) + " more";
    text += (count++ == 0 ? "" : ", ") + file;
  }
  return text;
}

PackageIndex look_through(const fs::path& package, const std::set<std::string>& wanted, TarLimits limits) {
  PackageIndex index;
  TarReader reader{package, std::move(limits)};
  while (const auto entry = reader.next()) {
    if (entry->kind == TarEntry::Kind::folder) continue;
    index.files.insert(entry->path);
    if (entry->kind != TarEntry::Kind::file || !wanted.contains(entry->path)) continue;
    if (entry->size > kWantedLimit) {
      throw domain::Error(Code::invalid, Layer::client, entry->path + " is larger than 16 MiB");
    }
    auto& content = index.contents[entry->path];
    for (auto piece = reader.read(); !piece.empty(); piece = reader.read()) content += piece;
  }
  return index;
}

void copy_entries(TarReader& from, TarWriter& into, const std::string& prefix, const Chosen& chosen) {
  while (auto entry = from.next()) {
    if (chosen && !chosen(entry->path)) continue;
    entry->path.insert(0, prefix);
    copy_entry(from, into, *entry);
  }
}

void move_entries(TarReader& from, TarWriter& into, const std::string& folder, const std::string& as) {
  while (auto entry = from.next()) {
    if (entry->path == folder || entry->path.starts_with(folder + "/")) entry->path.replace(0, folder.size(), as);
    copy_entry(from, into, *entry);
  }
}

void add_file(TarWriter& into, const std::string& path, const fs::path& file) {
  into.add_file(path, content_of(file), is_executable(file));
}

void add_folder(TarWriter& into, const fs::path& folder) {
  for (const auto& path : files_of(folder)) add_file(into, path, folder / path);
}

std::string hex_digest(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return domain::to_hex({digest.data(), size});
}

std::string file_digest(const fs::path& file) {
  return (is_executable(file) ? "|x|" : "|-|") + hex_digest(content_of(file));
}

std::string hex_digest(Spool& file) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> piece(1 << 16);
  file.rewind();
  while (const auto size = file.read(piece.data(), piece.size())) EVP_DigestUpdate(context.get(), piece.data(), size);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  return domain::to_hex({digest.data(), size});
}

std::string folder_digest(const fs::path& folder) {
  std::string all;
  for (const auto& path : files_of(folder)) all += path + file_digest(folder / path) + "\n";
  return hex_digest(all);
}

}  // namespace hearth::docker
