#include "engines/docker/unpack.h"

#include "domain/error.h"
#include "ports/host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hearth::docker {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& file) {
  throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                      "unpack " + file.string() + ": " + std::strerror(errno), "free some space there");
}

void write_file(TarReader& from, bool executable, const fs::path& file) {
  const ports::Descriptor out{
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, executable ? 0755 : 0644)};
  if (!out || ::fchmod(out.get(), executable ? 0755 : 0644) != 0) fail(file);  // whatever our umask is
  for (auto piece = from.read(); !piece.empty(); piece = from.read()) {
    while (!piece.empty()) {
      const auto written = ::write(out.get(), piece.data(), piece.size());
      if (written < 0) fail(file);
      piece.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

void make_folder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (::chmod(folder.c_str(), 0755) != 0) fail(folder);
}

}  // namespace

void unpack(TarReader& from, const std::string& folder, const fs::path& into) {
  make_folder(into);
  const std::string prefix = folder + "/";
  while (const auto entry = from.next()) {
    if (!entry->path.starts_with(prefix)) continue;
    const auto file = into / entry->path.substr(prefix.size());
    switch (entry->kind) {
      case TarEntry::Kind::folder: make_folder(file); break;
      case TarEntry::Kind::file:
        make_folder(file.parent_path());
        write_file(from, entry->executable, file);
        break;
      case TarEntry::Kind::link:
        make_folder(file.parent_path());
        if (::symlink(entry->target.c_str(), file.c_str()) != 0 && errno != EEXIST) fail(file);
        break;
    }
  }
}

}  // namespace hearth::docker
