#include "engines/docker/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <sys/stat.h>

#include <array>
#include <map>
#include <vector>

namespace hearth::docker {

using domain::Code;
using domain::Layer;

namespace {

constexpr std::time_t kEpoch = 315532800;  // 1980-01-01: the earliest that zip files, and so wheels, can say
constexpr std::size_t kPathLimit = 4096;

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? std::string_view{} : path.substr(0, slash);
}

}  // namespace

std::optional<std::string> clean_path(std::string_view path) {
  if (path.starts_with('/')) return std::nullopt;
  std::vector<std::string_view> kept;
  for (const auto part : parts_of(path)) {
    if (part == ".") continue;
    if (part != "..") {
      kept.push_back(part);
    } else if (kept.empty()) {
      return std::nullopt;
    } else {
      kept.pop_back();
    }
  }
  std::string clean;
  for (const auto part : kept) clean.append(clean.empty() ? "" : "/").append(part);
  return clean;
}

struct TarReader::State {
  TarLimits limits;
  std::unique_ptr<archive, int (*)(archive*)> from{archive_read_new(), archive_read_free};
  std::map<std::string, TarEntry::Kind, std::less<>> seen = {};
  std::uint64_t unpacked = 0;
  std::array<char, 64 << 10> buffer;

  explicit State(TarLimits given) : limits(std::move(given)) {
    archive_read_support_format_tar(from.get());
    archive_read_support_filter_gzip(from.get());
    archive_read_support_filter_zstd(from.get());
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw domain::Error(Code::invalid, Layer::client, limits.subject + " " + what,
                        "it may hold plain files, folders, and links to what is in it");
  }

  [[noreturn]] void broken() const {
    const char* why = archive_error_string(from.get());
    refuse(std::string("is not a whole tar: ") + (why != nullptr ? why : "it ends too soon"));
  }

  TarEntry take(archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    const std::string shown = raw != nullptr ? raw : "";
    const auto path = clean_path(shown);
    if (!path || shown.size() > kPathLimit) refuse("has an entry outside of it: " + shown.substr(0, 200));
    TarEntry taken{.path = *path};
    if (archive_entry_hardlink(entry) != nullptr) refuse("has a hard link: " + *path);
    switch (archive_entry_filetype(entry)) {
      case AE_IFREG:
        taken.executable = (archive_entry_perm(entry) & 0111) != 0;
        taken.size = static_cast<std::uint64_t>(archive_entry_size(entry));
        break;
      case AE_IFDIR: taken.kind = TarEntry::Kind::folder; break;
      case AE_IFLNK:
        taken.kind = TarEntry::Kind::link;
        if (const char* target = archive_entry_symlink(entry)) taken.target = target;
        break;
      default: refuse("has a device, a pipe or a socket: " + *path);
    }
    return taken;
  }

  void check(const TarEntry& entry) {
    unpacked += entry.size;
    if (unpacked > limits.unpacked.count) {
      refuse("is larger than " + domain::to_string(limits.unpacked) + " when unpacked");
    }
    if (seen.size() >= limits.entries) refuse("has more than " + std::to_string(limits.entries) + " entries");
    if (entry.kind == TarEntry::Kind::link) {
      const std::string from_parent = std::string(parent_of(entry.path)) + "/./" + entry.target;
      const bool relative = !entry.target.empty() && entry.target.front() != '/';
      if (!relative || !clean_path(entry.path.find('/') == entry.path.npos ? entry.target : from_parent)) {
        refuse("has a link that leads out of it: " + entry.path + " → " + entry.target.substr(0, 200));
      }
    }
    for (auto parent = parent_of(entry.path); !parent.empty(); parent = parent_of(parent)) {
      const auto found = seen.find(parent);
      if (found != seen.end() && found->second != TarEntry::Kind::folder) {
        refuse("has " + entry.path + " below what is no folder");
      }
    }
    const auto [known, is_new] = seen.emplace(entry.path, entry.kind);
    const bool same_folder = known->second == TarEntry::Kind::folder && entry.kind == TarEntry::Kind::folder;
    if (!is_new && !same_folder) refuse("has " + entry.path + " twice");
  }
};

TarReader::TarReader(TarLimits limits) : state_(std::make_unique<State>(std::move(limits))) {}

TarReader::TarReader(const std::filesystem::path& file, TarLimits limits) : TarReader(std::move(limits)) {
  if (archive_read_open_filename(state_->from.get(), file.c_str(), 64 << 10) != ARCHIVE_OK) state_->broken();
}

TarReader::TarReader(int descriptor, TarLimits limits) : TarReader(std::move(limits)) {
  if (archive_read_open_fd(state_->from.get(), descriptor, 64 << 10) != ARCHIVE_OK) state_->broken();
}

TarReader::~TarReader() = default;

std::optional<TarEntry> TarReader::next() {
  while (true) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(state_->from.get(), &entry);
    if (result == ARCHIVE_EOF) return std::nullopt;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) state_->broken();
    TarEntry taken = state_->take(entry);
    if (taken.path.empty()) {
      if (taken.kind != TarEntry::Kind::folder) state_->refuse("has an entry without a name");
      continue;
    }
    state_->check(taken);
    return taken;
  }
}

std::string_view TarReader::read() {
  const auto got = archive_read_data(state_->from.get(), state_->buffer.data(), state_->buffer.size());
  if (got < 0) state_->broken();
  return {state_->buffer.data(), static_cast<std::size_t>(got)};
}

struct TarWriter::State {
  const mode_t taken_away;  // of each mode
  std::unique_ptr<archive, int (*)(archive*)> to{archive_write_new(), archive_write_free};

  void require(bool done) const {
    if (done) return;
    const char* why = archive_error_string(to.get());
    throw domain::Error(Code::unavailable, Layer::gateway,
                        std::string("a build's files cannot be written: ") + (why != nullptr ? why : "unknown"),
                        "make room on the disk of the state folder");
  }
};

TarWriter::TarWriter(int descriptor, TarModes modes)
    : state_(new State{.taken_away = modes == TarModes::read_only ? mode_t{0222} : mode_t{0}}) {
  archive_write_set_format_pax_restricted(state_->to.get());
  state_->require(archive_write_open_fd(state_->to.get(), descriptor) == ARCHIVE_OK);
}

TarWriter::~TarWriter() = default;

void TarWriter::begin(const TarEntry& entry) {
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> head{archive_entry_new(), archive_entry_free};
  archive_entry_set_pathname(head.get(), entry.path.c_str());
  archive_entry_set_mtime(head.get(), kEpoch, 0);
  archive_entry_set_size(head.get(), entry.kind == TarEntry::Kind::file ? static_cast<la_int64_t>(entry.size) : 0);
  switch (entry.kind) {
    case TarEntry::Kind::file:
      archive_entry_set_filetype(head.get(), AE_IFREG);
      archive_entry_set_perm(head.get(), (entry.executable ? 0755 : 0644) & ~state_->taken_away);
      break;
    case TarEntry::Kind::folder:
      archive_entry_set_filetype(head.get(), AE_IFDIR);
      archive_entry_set_perm(head.get(), 0755 & ~state_->taken_away);
      break;
    case TarEntry::Kind::link:
      archive_entry_set_filetype(head.get(), AE_IFLNK);
      archive_entry_set_perm(head.get(), 0777);
      archive_entry_set_symlink(head.get(), entry.target.c_str());
      break;
  }
  state_->require(archive_write_header(state_->to.get(), head.get()) == ARCHIVE_OK);
}

void TarWriter::write(std::string_view piece) {
  state_->require(archive_write_data(state_->to.get(), piece.data(), piece.size()) ==
                  static_cast<la_ssize_t>(piece.size()));
}

void TarWriter::add_file(const std::string& path, std::string_view content, bool executable) {
  begin({.kind = TarEntry::Kind::file, .path = path, .executable = executable, .size = content.size()});
  write(content);
}

void TarWriter::finish() { state_->require(archive_write_close(state_->to.get()) == ARCHIVE_OK); }

}  // namespace hearth::docker
