#include "engines/docker/package_tar.h"

namespace hearth::docker {

using domain::Bytes;

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kNode = 1024;  // what the kernel keeps of a file beside its content

Bytes room_of(const TarEntry& entry) { return {kNode + (entry.size + kPage - 1) / kPage * kPage}; }

}  // namespace

Bytes write_package(TarReader& from, const std::string& folder, int to, Bytes most) {
  TarWriter into{to, TarModes::read_only};
  const std::string prefix = folder + "/";
  Bytes room;
  while (auto entry = from.next()) {
    if (!entry->path.starts_with(prefix)) continue;
    entry->path.erase(0, prefix.size());
    room.count += room_of(*entry).count;
    if (room > most) return room;
    into.begin(*entry);
    if (entry->kind != TarEntry::Kind::file) continue;
    for (auto piece = from.read(); !piece.empty(); piece = from.read()) into.write(piece);
  }
  into.begin({.kind = TarEntry::Kind::folder, .path = "."});  // last: nothing comes into it afterwards
  into.finish();
  return room;
}

Bytes room_of_package(int descriptor) {
  TarReader reader{descriptor, {.unpacked = domain::gibibytes(4), .entries = 500'000}};
  Bytes room;
  while (const auto entry = reader.next()) room.count += room_of(*entry).count;
  return room;
}

}  // namespace hearth::docker
