// The side that takes over: knocks at the hearthd that runs, and hears what it is given.
#pragma once

#include "handover/channel.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hearth::handover {

class Taker {
 public:
  // Nothing where no hearthd listens at `path`. Throws domain::Error `conflict` where it is being replaced already.
  static std::optional<Taker> knock(const std::filesystem::path& path);

  pid_t peer() const { return channel_.peer(); }
  std::vector<ports::Descriptor> take_gateway() { return std::move(gateway_); }
  std::vector<ports::Descriptor> take_api() { return std::move(api_); }

  // From here on the other one lets go: nothing may be asked of it any more. Hands each message that must be known
  // before this one serves to `hear`, and returns after the last. Throws `unavailable` where the other one is gone.
  void ready(const std::function<void(Message)>& hear);
  void say(const std::string& words) const { channel_.send({.words = words}); }
  // Hands on what else it is given, until the other one is gone.
  void listen(const std::function<void(Message)>& hear) const;
  void shut_down() const { channel_.shut_down(); }

 private:
  explicit Taker(Channel channel) : channel_(std::move(channel)) {}

  Channel channel_;
  std::vector<ports::Descriptor> gateway_;
  std::vector<ports::Descriptor> api_;
};

}  // namespace hearth::handover
