// The replicas whose containers we know: who is starting, running, stopping, and which container is whose. What an
// event's labels claim is never asked. Any thread; its lock is held for moments.
#pragma once

#include "engines/docker/codec.h"
#include "engines/docker/followers.h"
#include "ports/engine.h"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace hearth::docker {

enum class MemberState : std::uint8_t { starting, running, stopping };
// Both are views of one freezer: who froze must thaw.
enum class FrozenBy : std::uint8_t { nobody, host, docker };

struct Member {
  domain::ReplicaId replica = 0;
  std::string container;
  MemberState state = MemberState::starting;
  std::shared_ptr<Following> output = {};
  FrozenBy frozen = FrozenBy::nobody;
  std::optional<bool> answers_quiet = {};  // its bootstrap knows the question; unknown until it is looked up
  bool out_of_memory = false;              // the kernel killed something in it
  std::optional<domain::Bytes> memory_peak = {};
  std::optional<domain::Time> memory_told = {};
  std::optional<ports::Exit> exit = {};  // seen while it was starting
};

class Roster {
 public:
  static constexpr std::chrono::seconds kBetween{5};  // words of memory that ran out

  void add(Member member);
  void remove(domain::ReplicaId replica);
  void set_output(domain::ReplicaId replica, std::shared_ptr<Following> output);

  // Starting → running; false where it ended already or is being stopped.
  bool started(domain::ReplicaId replica);
  // Any → stopping; what it was before, nothing where it is unknown.
  std::optional<Member> stopping(domain::ReplicaId replica);

  // Notes that the kernel killed something in it. Where that is to be told: nowhere while it was told just before,
  // since Docker tells of each try of the kernel's, and of several within a moment.
  std::shared_ptr<Following> out_of_memory(const std::string& container, std::optional<domain::Bytes> peak,
                                           domain::Time now);
  std::optional<domain::Bytes> memory_peak(const std::string& container);
  // The exit of a running one, once; nothing for all others. A starting one keeps it for started().
  std::optional<std::pair<domain::ReplicaId, ports::Exit>> exited(const std::string& container, int code);

  void set_frozen(domain::ReplicaId replica, FrozenBy by);
  void set_answers_quiet(domain::ReplicaId replica, bool answers);
  std::optional<Member> find(domain::ReplicaId replica) const;
  bool knows(const std::string& container) const;
  std::optional<Member> member(domain::ReplicaId replica) const;
  std::vector<Member> running() const;

 private:
  Member* find(const std::string& container);

  mutable std::mutex mutex_;
  std::map<domain::ReplicaId, Member> members_;
  std::map<std::string, domain::ReplicaId> containers_;
};

}  // namespace hearth::docker
