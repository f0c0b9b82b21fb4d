// What one hearthd says to the one that takes its place: messages with open descriptors, over a unix socket between two
// processes of one user. Private to this folder and its tests.
#pragma once

#include "ports/host.h"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::handover {

// One line of words, then any bytes; at most kLongest in all.
struct Message {
  std::string words;  // "released 00c0ffee00c0ffee 17"
  std::string bytes = {};
  std::vector<ports::Descriptor> descriptors = {};

  std::string_view word(std::size_t index) const;  // empty where there is none
};

class Channel {
 public:
  static constexpr std::size_t kLongest = 160 << 10;
  static constexpr std::size_t kMostDescriptors = 64;

  Channel() = default;
  explicit Channel(ports::Descriptor socket) : socket_(std::move(socket)) {}

  // False when the other side is gone. Blocks while it does not read. At most kMostDescriptors.
  bool send(const Message& message) const;
  // Nothing when the other side is gone, or says nothing for `patience`.
  std::optional<Message> receive(std::chrono::milliseconds patience = std::chrono::milliseconds::max()) const;
  // Both sides: the other one hears that this one is gone.
  void shut_down() const;
  // The process on the other side, as it was when it began to listen or to knock; 0 where it cannot be seen from here.
  pid_t peer() const;
  explicit operator bool() const { return static_cast<bool>(socket_); }

 private:
  ports::Descriptor socket_;
};

// A socket at `path` that only this user may knock at, in the place of whatever was there. Throws domain::Error.
ports::Descriptor listen_at(const std::filesystem::path& path);
// The next to knock; nothing where its user is another one, or once `listener` is shut down.
std::optional<Channel> accept_one(int listener);
// Nothing where nobody listens.
std::optional<Channel> knock(const std::filesystem::path& path);

}  // namespace hearth::handover
