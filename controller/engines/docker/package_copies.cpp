#include "engines/docker/package_copies.h"

#include "domain/cells.h"
#include "engines/docker/build_context.h"
#include "engines/docker/builder_container.h"
#include "engines/docker/package_tar.h"
#include "engines/docker/unpack.h"
#include "telemetry/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace hearth::docker {

namespace fs = std::filesystem;

namespace {

const TarLimits kLimits{.unpacked = domain::gibibytes(4), .entries = 500'000, .subject = "the image's /function"};
constexpr auto kPatience = std::chrono::minutes{5};
constexpr const char* kUnfinished = ".new";
// To compile takes a container's start, half a second: 1,000 lines load 3 ms sooner for it.
constexpr std::uint64_t kWorthCompiling = 32 * 1024;
constexpr auto kMemoryToCompile = domain::mebibytes(512);
constexpr std::uint32_t kPidsToCompile = 64;

// Of files whose names end with `ending`, outside of folders such as `.packages`.
std::uint64_t size_of(const fs::path& folder, const std::string& ending) {
  std::uint64_t size = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry{folder, failed}, end; entry != end; entry.increment(failed)) {
    const auto name = entry->path().filename().string();
    if (name.starts_with(".")) entry.disable_recursion_pending();
    const auto status = entry->symlink_status(failed);
    if (fs::is_regular_file(status) && name.ends_with(ending)) size += entry->file_size(failed);
  }
  return size;
}

// Whole folders and files at once, to where there is nothing of the name: whoever looks finds all of one or nothing.
void move_missing(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::directory_iterator{from}) {
    const auto place = to / entry.path().filename();
    const auto there = fs::symlink_status(place);
    if (!fs::exists(there)) {
      fs::rename(entry.path(), place);
    } else if (fs::is_directory(there) && entry.is_directory()) {
      move_missing(entry.path(), place);
    }
  }
}

// A folder whose content had not reached the disk when the machine went down is whole by its name alone.
std::string this_start() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  file >> id;
  return id.empty() ? "unknown" : id;
}

}  // namespace

PackageCopies::PackageCopies(Api& api, Installation installation, fs::path folder, PackageWay way,
                             SpentContainers& spent)
    : api_(api),
      spent_(spent),
      installation_(std::move(installation)),
      way_(way),
      root_(std::move(folder)),
      folder_(root_ / this_start()) {}

// Of the other kind where an earlier hearthd had other rights: those go by tidy().
fs::path PackageCopies::path_of(const std::string& image) const {
  auto path = folder_ / image.substr(image.find(':') + 1);
  if (way_ == PackageWay::streamed) path += ".tar";
  return path;
}

bool PackageCopies::has(const std::string& image) const {
  std::error_code ignored;
  return fs::exists(path_of(image), ignored);
}

domain::Bytes PackageCopies::make(const std::string& image, const std::stop_token& stop) {
  const std::lock_guard turn{making_};
  const auto path = path_of(image);
  if (!has(image)) {
    fs::create_directories(folder_);
    ::chmod(root_.c_str(), 0700);  // packages may hold what only their function is to read
    auto unfinished = path;
    unfinished += kUnfinished;
    fs::remove_all(unfinished);
    write(image, unfinished, stop);
    fs::rename(unfinished, path);
  }
  return room_of(path);
}

void PackageCopies::write(const std::string& image, const fs::path& into, const std::stop_token& stop) {
  Spool tar{folder_};
  const BuilderSpec never_started{.image = image, .command = {"/function"}};
  auto container = std::make_unique<BuilderContainer>(api_, installation_, never_started, stop);
  container->download("/function", tar, Deadline{kPatience}, stop);
  spent_.add(std::move(container));
  tar.rewind();
  TarReader reader{tar.descriptor(), kLimits};
  if (way_ == PackageWay::bound) {
    fs::create_directory(into);
    return unpack(reader, "function", into);
  }
  const ports::Descriptor file{::open(into.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  const auto room = write_package(reader, "function", file.get(), domain::kLargestStreamed);
  // Nothing is left of what no cell has room for, but that it has none.
  if (room > domain::kLargestStreamed && ::ftruncate(file.get(), 0) != 0) {
    throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                        "cut " + into.string() + " off: " + std::strerror(errno));
  }
}

void PackageCopies::compile(const std::string& image, const Compilation& compilation, const std::stop_token& stop) {
  if (way_ != PackageWay::bound || compilation.command.empty()) return;
  const std::lock_guard turn{making_};
  const auto path = path_of(image);
  if (!has(image) || size_of(path, compilation.files) < kWorthCompiling) return;
  auto container = std::make_unique<BuilderContainer>(api_, installation_,
                                                      BuilderSpec{.image = image,
                                                                  .command = compilation.command,
                                                                  .memory = kMemoryToCompile,
                                                                  .pids = kPidsToCompile,
                                                                  .network = "none"},
                                                      stop);
  container->run(Deadline{kPatience}, nullptr, stop);
  Spool tar{folder_};
  container->download(compilation.folder, tar, Deadline{kPatience}, stop);
  spent_.add(std::move(container));
  if (tar.size() == 0) return;  // none of its files parses
  tar.rewind();
  TarReader reader{tar.descriptor(), kLimits};
  auto unfinished = path;
  unfinished += kUnfinished;
  fs::remove_all(unfinished);
  unpack(reader, fs::path{compilation.folder}.filename().string(), unfinished);
  move_missing(unfinished, path);
  fs::remove_all(unfinished);
}

domain::Bytes PackageCopies::room_of(const fs::path& copy) const {
  if (way_ == PackageWay::bound) return {};
  if (fs::file_size(copy) == 0) return {domain::kLargestStreamed.count + 1};
  const ports::Descriptor file{::open(copy.c_str(), O_RDONLY | O_CLOEXEC)};
  return room_of_package(file.get());
}

void PackageCopies::hold(const std::string& image, const std::string& user) {
  const std::lock_guard lock{mutex_};
  users_[user] = image;
}

bool PackageCopies::let_go(const std::string& user) {
  const std::lock_guard lock{mutex_};
  return users_.erase(user) > 0;
}

void PackageCopies::tidy() noexcept {
  const std::lock_guard turn{making_};
  std::set<std::string> held{root_.string(), folder_.string()};
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [user, image] : users_) held.insert(path_of(image).string());
  }
  std::error_code failed;
  for (const auto& place : {root_, folder_}) {
    for (const auto& entry : fs::directory_iterator{place, failed}) {
      if (held.contains(entry.path().string())) continue;
      fs::remove_all(entry.path(), failed);
      if (failed) telemetry::log::warn("a package's copy stays behind", {{"path", entry.path().string()}});
    }
  }
}

}  // namespace hearth::docker
