#include "host/freezer.h"

#include "domain/error.h"
#include "host/container_group.h"
#include "ports/host.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace hearth::host {

namespace fs = std::filesystem;
using ports::Descriptor;
using namespace std::chrono_literals;

namespace {

constexpr auto kLongestRest = 10ms;

// The two files of one group's freezer, open.
struct Freezer {
  Descriptor control;
  Descriptor state;  // version 1 tells by the file that it is told by
  bool second = false;
};

std::optional<Freezer> open_freezer(const fs::path& root, std::string_view owner) {
  const auto group = find_group(root, "freezer", owner);
  if (!group) return std::nullopt;
  std::error_code ignored;
  const bool second = fs::exists(root / "cgroup.controllers", ignored);
  const auto control = *group / (second ? "cgroup.freeze" : "freezer.state");
  const auto state = second ? *group / "cgroup.events" : control;
  Freezer freezer{.control = Descriptor{::open(control.c_str(), O_WRONLY | O_CLOEXEC)},
                  .state = Descriptor{::open(state.c_str(), O_RDONLY | O_CLOEXEC)},
                  .second = second};
  if (!freezer.control || !freezer.state) return std::nullopt;
  return freezer;
}

std::string_view word(const Freezer& freezer, bool frozen) {
  if (freezer.second) return frozen ? "1" : "0";
  return frozen ? "FROZEN" : "THAWED";
}

// A group that was removed meanwhile says so here, and then when it is looked at.
void write(const Freezer& freezer, bool frozen) {
  const auto text = word(freezer, frozen);
  static_cast<void>(::pwrite(freezer.control.get(), text.data(), text.size(), 0) > 0);
}

Frost look(const Freezer& freezer) {
  std::array<char, 256> text{};
  const auto size = ::pread(freezer.state.get(), text.data(), text.size(), 0);
  if (size < 0) return Frost::unknown;
  const std::string_view read{text.data(), static_cast<std::size_t>(size)};
  return freezer.second ? frost_of_events(read) : frost_of_state(read);
}

bool settle(const Freezer& freezer, bool frozen, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto pause = 1ms;
  return insist(
      frozen ? Frost::frozen : Frost::thawed, [&] { write(freezer, frozen); }, [&] { return look(freezer); },
      [&] {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        // Version 2 tells of changes by POLLPRI.
        pollfd changed{freezer.state.get(), POLLPRI, 0};
        ::poll(&changed, 1, static_cast<int>(pause.count()));
        pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestRest);
        return true;
      });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Frost frost_of_state(std::string_view text) {
  const auto state = trimmed(text);
  if (state == "THAWED") return Frost::thawed;
  if (state == "FREEZING") return Frost::between;
  return state == "FROZEN" ? Frost::frozen : Frost::unknown;
}

Frost frost_of_events(std::string_view text) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line == "frozen 1") return Frost::frozen;
    if (line == "frozen 0") return Frost::thawed;
  }
  return Frost::unknown;
}

bool insist(Frost wanted, const std::function<void()>& ask, const std::function<Frost()>& look,
            const std::function<bool()>& rest) {
  while (true) {
    ask();
    if (look() == wanted) return true;
    if (!rest()) return false;
    if (look() == wanted) return true;
  }
}

bool set_frozen(const fs::path& root, std::string_view owner, bool frozen, std::chrono::milliseconds patience) {
  const auto freezer = open_freezer(root, owner);
  if (!freezer) return false;
  if (settle(*freezer, frozen, patience)) return true;
  const auto seen = look(*freezer);
  if (frozen) write(*freezer, false);
  if (seen == Frost::unknown) return false;  // gone meanwhile
  throw domain::Error(domain::Code::unavailable, domain::Layer::engine,
                      std::string{"the kernel did not "} + (frozen ? "freeze" : "thaw") + " a container in " +
                          std::to_string(patience.count()) + " ms");
}

}  // namespace hearth::host
