#include "engines/docker/package_folders.h"

#include "engines/docker/build_context.h"
#include "engines/docker/builder_container.h"
#include "engines/docker/unpack.h"
#include "telemetry/log.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace hearth::docker {

namespace fs = std::filesystem;

namespace {

const TarLimits kLimits{.unpacked = domain::gibibytes(4), .entries = 500'000, .subject = "the image's /function"};
constexpr auto kPatience = std::chrono::minutes{5};
constexpr const char* kUnfinished = ".new";

// A folder whose content had not reached the disk when the machine went down is whole by its name alone.
std::string this_start() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  file >> id;
  return id.empty() ? "unknown" : id;
}

}  // namespace

PackageFolders::PackageFolders(Api& api, Installation installation, fs::path folder)
    : api_(api), installation_(std::move(installation)), root_(std::move(folder)), folder_(root_ / this_start()) {}

fs::path PackageFolders::path_of(const std::string& image) const { return folder_ / image.substr(image.find(':') + 1); }

std::optional<fs::path> PackageFolders::find(const std::string& image) const {
  std::error_code ignored;
  auto path = path_of(image);
  return fs::is_directory(path, ignored) ? std::optional{std::move(path)} : std::nullopt;
}

fs::path PackageFolders::make(const std::string& image, const std::stop_token& stop) {
  const std::lock_guard turn{making_};
  if (auto there = find(image)) return *there;
  fs::create_directories(folder_);
  ::chmod(root_.c_str(), 0700);  // packages may hold what only their function is to read
  auto path = path_of(image);
  auto unfinished = path;
  unfinished += kUnfinished;
  fs::remove_all(unfinished);
  fs::create_directory(unfinished);
  unpack(image, unfinished, stop);
  fs::rename(unfinished, path);
  return path;
}

void PackageFolders::unpack(const std::string& image, const fs::path& into, const std::stop_token& stop) {
  Spool tar{folder_};
  {
    BuilderContainer container{api_, installation_, {.image = image, .command = {"/function"}}, stop};  // never started
    container.download("/function", tar, Deadline{kPatience}, stop);
  }
  tar.rewind();
  TarReader reader{tar.descriptor(), kLimits};
  docker::unpack(reader, "function", into);
}

void PackageFolders::hold(const std::string& image, const std::string& user) {
  const std::lock_guard lock{mutex_};
  users_[user] = image;
}

bool PackageFolders::let_go(const std::string& user) {
  const std::lock_guard lock{mutex_};
  return users_.erase(user) > 0;
}

void PackageFolders::tidy() noexcept {
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
      if (failed) telemetry::log::warn("a package's folder stays behind", {{"folder", entry.path().string()}});
    }
  }
}

}  // namespace hearth::docker
