#include "quiet.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace hearth::server {

namespace fs = std::filesystem;

namespace {

// 0 where it has just ended, or has and nobody has asked how.
int parent_of(const fs::path& process) {
  std::ifstream file{process / "stat"};
  std::string stat;
  std::getline(file, stat);
  const auto name_ends = stat.rfind(')');
  if (name_ends == stat.npos) return 0;
  std::istringstream rest{stat.substr(name_ends + 1)};
  std::string state;
  int parent = 0;
  rest >> state >> parent;
  return state == "Z" ? 0 : parent;
}

// Ours, and orphans of ours, which go to the container's init.
bool has_children() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{"/proc", error}) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != name.npos || name == std::to_string(::getpid())) continue;
    const int parent = parent_of(entry.path());
    if (parent == ::getpid() || (parent == 1 && ::getppid() == 1)) return true;
  }
  return false;
}

long threads() {
  std::error_code error;
  return std::distance(fs::directory_iterator{"/proc/self/task", error}, {});
}

}  // namespace

std::string stirring(Connections::Place& place) {
  constexpr long kMainAndAcceptor = 2;
  if (place.others_busy()) return "a call";
  if (has_children()) return "a child process";
  return threads() > kMainAndAcceptor + place.connections() ? "a thread" : "";
}

}  // namespace hearth::server
