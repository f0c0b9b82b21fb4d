#include "engines/docker/listeners.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

namespace hearth::docker {
namespace {

constexpr std::string_view kNameServer = "0B00007F";                         // 127.0.0.11, in the host's byte order
constexpr std::string_view kLoopback6 = "00000000000000000000000001000000";  // ::1
constexpr std::string_view kMappedPrefix = "0000000000000000FFFF0000";       // ::ffff:0:0/96

bool is_loopback(std::string_view address) {
  if (address.size() == kLoopback6.size()) {
    if (address == kLoopback6) return true;
    return address.starts_with(kMappedPrefix) && address.ends_with("7F");
  }
  return address.ends_with("7F");
}

// "  0: 0100007F:1F90 00000000:0000 0A …": proc(5); state 0A listens.
std::optional<Listener> parse_line(const std::string& line) {
  std::istringstream words{line};
  std::string number, local, remote, state;
  if (!(words >> number >> local >> remote >> state) || state != "0A") return std::nullopt;
  const auto colon = local.find(':');
  if (colon == local.npos || local.starts_with(kNameServer)) return std::nullopt;
  Listener listener{.loopback_only = is_loopback(std::string_view{local}.substr(0, colon))};
  std::from_chars(local.data() + colon + 1, local.data() + local.size(), listener.port, 16);
  return listener;
}

std::string read(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

std::vector<Listener> parse_listeners(std::string_view table) {
  std::vector<Listener> found;
  std::istringstream lines{std::string{table}};
  for (std::string line; std::getline(lines, line);) {
    if (const auto listener = parse_line(line)) found.push_back(*listener);
  }
  return found;
}

std::vector<Listener> listeners_of(int pid) {
  std::vector<Listener> all;
  for (const char* table : {"tcp", "tcp6"}) {
    for (const auto& one : parse_listeners(read("/proc/" + std::to_string(pid) + "/net/" + table))) {
      const auto known = std::ranges::find(all, one.port, &Listener::port);
      if (known == all.end()) {
        all.push_back(one);
      } else {
        known->loopback_only = known->loopback_only && one.loopback_only;
      }
    }
  }
  return all;
}

}  // namespace hearth::docker
