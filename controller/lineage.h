// The hearthd that serves, and those before it that still end their calls: other processes', or this one's own where
// the one that was to follow it has gone. One thread.
#pragma once

#include "hearthd.h"

#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace hearth {

class Lineage {
 public:
  // Sent to this process when there is something for take_turns().
  static constexpr int kTurned = SIGUSR1;

  explicit Lineage(const Config& config) : config_(config) {}

  // Takes the place of the hearthd that runs where that is wanted and there is one; else begins anew.
  void begin();
  // What happened since; true: another process serves, and no call is left here.
  bool take_turns();
  // Nobody serves, since taking the place back failed: to be tried again by take_turns(), soon.
  bool vacant() const { return vacant_; }
  void end();

 private:
  struct Member {
    std::uint64_t number = 0;
    std::unique_ptr<Hearthd> hearthd;
  };
  using Turns = std::vector<std::pair<std::uint64_t, Succession::Turn>>;

  void serve(Sockets sockets, std::optional<Predecessor> before);
  void take_back();
  Turns taken();

  const Config& config_;
  std::uint64_t last_ = 0;
  bool vacant_ = false;
  std::mutex mutex_;
  Turns turns_;
  std::unique_ptr<Member> serving_;
  std::vector<std::unique_ptr<Member>> leaving_;
};

}  // namespace hearth
