#include "host/remove_tree.h"

#include "ports/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace hearth::host {

using ports::Descriptor;

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

constexpr std::size_t kPiece = 1024;  // names held at once

bool is_entry(const char* name) { return std::strcmp(name, ".") != 0 && std::strcmp(name, "..") != 0; }

// Some of its entries: a folder of a million names is taken in pieces.
std::vector<std::string> some_entries(int folder) {
  std::vector<std::string> names;
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseFolder> reader{copy < 0 ? nullptr : ::fdopendir(copy)};
  if (!reader) return names;
  while (const dirent* entry = ::readdir(reader.get())) {
    if (is_entry(entry->d_name)) names.emplace_back(entry->d_name);
    if (names.size() == kPiece) break;
  }
  return names;
}

class Emptier {
 public:
  explicit Emptier(int top) : top_(top) {}

  bool run() {
    while (true) {
      const auto names = some_entries(top_);
      if (names.empty()) return true;
      std::size_t removed = 0;
      for (const auto& name : names) removed += remove(name) ? 1 : 0;
      while (!lifted_.empty()) {  // at once: finding them again means reading the whole of a large folder
        const std::string name = std::move(lifted_.back());
        lifted_.pop_back();
        removed += remove(name) ? 1 : 0;
      }
      if (removed == 0) return false;
    }
  }

 private:
  bool remove(const std::string& name) {
    if (::unlinkat(top_, name.c_str(), 0) == 0) return true;
    if (!flatten(name)) return false;
    return ::unlinkat(top_, name.c_str(), AT_REMOVEDIR) == 0;
  }

  // Leaves the folder `name` empty: its files unlinked, its folders moved to the top.
  bool flatten(const std::string& name) {
    const Descriptor inner{::openat(top_, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!inner) return false;
    while (true) {
      const auto names = some_entries(inner.get());
      if (names.empty()) return true;
      for (const auto& entry : names) {
        if (::unlinkat(inner.get(), entry.c_str(), 0) == 0) continue;
        if (!lift(inner.get(), entry)) return false;
      }
    }
  }

  // A function that foresaw the name only makes us take the next.
  bool lift(int inner, const std::string& entry) {
    while (true) {
      const std::string name = ".lifted-" + std::to_string(++last_name_);
      if (::renameat(inner, entry.c_str(), top_, name.c_str()) == 0) {
        if (lifted_.size() < kPiece) lifted_.push_back(name);  // the others are found by the next round
        return true;
      }
      if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) return false;
    }
  }

  int top_;
  std::uint64_t last_name_ = 0;
  std::vector<std::string> lifted_;
};

}  // namespace

bool empty_folder(int folder) { return Emptier{folder}.run(); }

}  // namespace hearth::host
