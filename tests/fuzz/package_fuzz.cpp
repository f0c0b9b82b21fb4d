// Packages that were uploaded: what comes through stays beneath the folder and within the limits.
#include "domain/error.h"
#include "engines/docker/ignore.h"
#include "engines/docker/tar.h"
#include "fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

namespace hearth::docker {
namespace {

constexpr std::uint64_t kUnpacked = 1 << 20;

void look_through(int descriptor, const IgnoreRules& rules) {
  TarReader reader{descriptor, {.unpacked = {kUnpacked}, .entries = 100}};
  std::uint64_t unpacked = 0;
  while (const auto entry = reader.next()) {
    must(clean_path(entry->path) == entry->path && !entry->path.empty());
    rules.ignores(entry->path);
    if (entry->kind != TarEntry::Kind::file) continue;
    std::uint64_t size = 0;
    for (auto piece = reader.read(); !piece.empty(); piece = reader.read()) size += piece.size();
    must(size == entry->size);
    unpacked += size;
    must(unpacked <= kUnpacked);
  }
}

}  // namespace
}  // namespace hearth::docker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const int descriptor = ::memfd_create("package", MFD_CLOEXEC);
  must(descriptor >= 0);
  must(::write(descriptor, data, size) == static_cast<ssize_t>(size));
  ::lseek(descriptor, 0, SEEK_SET);
  const docker::IgnoreRules rules{fuzz::text(data, size).substr(0, 200)};
  try {
    docker::look_through(descriptor, rules);
  } catch (const domain::Error& refused) {
    must(!refused.fault().message.empty());
  }
  ::close(descriptor);
  return 0;
}
