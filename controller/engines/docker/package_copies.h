// What functions' images have in /function, on this machine: as folders that cells are bound to, or as tars that are
// streamed to them. Made when first wanted, kept while somebody uses them, and made anew after the machine started
// anew: nothing here waits for a disk.
#pragma once

#include "domain/function.h"
#include "engines/docker/api.h"
#include "engines/docker/cell_codec.h"
#include "engines/docker/ownership.h"
#include "engines/docker/spent_containers.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

namespace hearth::docker {

enum class PackageWay : std::uint8_t {
  bound,     // a folder of this machine, by a mount
  streamed,  // a tar behind the handover, which the cell unpacks into memory of its own
};

// Any thread.
class PackageCopies {
 public:
  // Touches no disk. `folder` is ours alone.
  PackageCopies(Api& api, Installation installation, std::filesystem::path folder, PackageWay way,
                SpentContainers& spent);

  PackageWay way() const { return way_; }
  std::filesystem::path path_of(const std::string& image) const;  // also where it is not there
  bool has(const std::string& image) const;
  // Blocks until it is there, whoever makes it: what room it takes in a cell that it is streamed to. What takes more
  // than a cell has is not kept. Throws domain::Error.
  domain::Bytes make(const std::string& image, const std::stop_token& stop);
  // Adds what comes of the copy's own files where there are enough of them, while cells may be bound to it. Blocks;
  // throws domain::Error.
  void compile(const std::string& image, const Compilation& compilation, const std::stop_token& stop);

  // A user of the copy of `image`, named by what it likes; make() comes after, has() may.
  void hold(const std::string& image, const std::string& user);
  bool let_go(const std::string& user);  // whether it held one
  // Removes what nobody holds, and what another start of the machine left.
  void tidy() noexcept;

 private:
  void write(const std::string& image, const std::filesystem::path& into, const std::stop_token& stop);
  domain::Bytes room_of(const std::filesystem::path& copy) const;

  Api& api_;
  SpentContainers& spent_;
  const Installation installation_;
  const PackageWay way_;
  const std::filesystem::path root_;
  const std::filesystem::path folder_;  // of this start of the machine
  std::mutex making_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> users_;  // → image
};

}  // namespace hearth::docker
