#include "host/cgroup.h"

namespace hearth::host {
namespace {

bool names(std::string_view folder, std::string_view owner) {
  if (folder == owner) return true;
  constexpr std::string_view kUnit = ".scope";
  if (!folder.ends_with(kUnit)) return false;
  folder.remove_suffix(kUnit.size());
  return folder.size() > owner.size() && folder.ends_with(owner) && folder[folder.size() - owner.size() - 1] == '-';
}

bool path_names(std::string_view path, std::string_view owner) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (names(path.substr(0, slash), owner)) return true;
    if (slash == path.npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

bool belongs_to(std::string_view text, std::string_view owner) {
  if (owner.empty()) return false;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    // "4:memory:/docker/ID", cgroups(7); a controller's name holds no colon.
    const auto first = line.find(':');
    const auto second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second != line.npos && path_names(line.substr(second + 1), owner)) return true;
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
  }
  return false;
}

}  // namespace hearth::host
