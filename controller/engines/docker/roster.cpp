#include "engines/docker/roster.h"

namespace hearth::docker {

void Roster::add(Member member) {
  const std::lock_guard lock{mutex_};
  containers_[member.container] = member.replica;
  members_.insert_or_assign(member.replica, std::move(member));
}

void Roster::remove(domain::ReplicaId replica) {
  const std::lock_guard lock{mutex_};
  const auto found = members_.find(replica);
  if (found == members_.end()) return;
  containers_.erase(found->second.container);
  members_.erase(found);
}

void Roster::set_output(domain::ReplicaId replica, std::shared_ptr<Following> output) {
  const std::lock_guard lock{mutex_};
  const auto found = members_.find(replica);
  if (found != members_.end()) found->second.output = std::move(output);
}

void Roster::set_frozen(domain::ReplicaId replica, FrozenBy by) {
  const std::lock_guard lock{mutex_};
  const auto found = members_.find(replica);
  if (found != members_.end()) found->second.frozen = by;
}

void Roster::set_answers_quiet(domain::ReplicaId replica, bool answers) {
  const std::lock_guard lock{mutex_};
  const auto found = members_.find(replica);
  if (found != members_.end()) found->second.answers_quiet = answers;
}

std::optional<Member> Roster::find(domain::ReplicaId replica) const {
  const std::lock_guard lock{mutex_};
  const auto found = members_.find(replica);
  return found == members_.end() ? std::nullopt : std::optional{found->second};
}

bool Roster::started(domain::ReplicaId replica) {
  const std::lock_guard lock{mutex_};
  const auto found = members_.find(replica);
  if (found == members_.end() || found->second.state != MemberState::starting || found->second.exit) return false;
  found->second.state = MemberState::running;
  return true;
}

std::optional<Member> Roster::stopping(domain::ReplicaId replica) {
  const std::lock_guard lock{mutex_};
  const auto found = members_.find(replica);
  if (found == members_.end()) return std::nullopt;
  Member before = found->second;
  found->second.state = MemberState::stopping;
  return before;
}

std::shared_ptr<Following> Roster::out_of_memory(const std::string& container, std::optional<domain::Bytes> peak,
                                                 domain::Time now) {
  const std::lock_guard lock{mutex_};
  auto* member = find(container);
  if (member == nullptr) return nullptr;
  member->out_of_memory = true;
  if (peak) member->memory_peak = peak;
  if (!member->output || (member->memory_told && now - *member->memory_told < kBetween)) return nullptr;
  member->memory_told = now;
  return member->output;
}

std::optional<domain::Bytes> Roster::memory_peak(const std::string& container) {
  const std::lock_guard lock{mutex_};
  auto* member = find(container);
  return member == nullptr ? std::nullopt : member->memory_peak;
}

std::optional<std::pair<domain::ReplicaId, ports::Exit>> Roster::exited(const std::string& container, int code) {
  const std::lock_guard lock{mutex_};
  auto* member = find(container);
  if (member == nullptr || member->exit || member->state == MemberState::stopping) return std::nullopt;
  member->exit = ports::Exit{.code = code, .out_of_memory = member->out_of_memory, .memory_peak = member->memory_peak};
  if (member->state == MemberState::starting) return std::nullopt;
  return std::pair{member->replica, *member->exit};
}

bool Roster::knows(const std::string& container) const {
  const std::lock_guard lock{mutex_};
  return containers_.contains(container);
}

std::optional<Member> Roster::member(domain::ReplicaId replica) const {
  const std::lock_guard lock{mutex_};
  const auto found = members_.find(replica);
  return found == members_.end() ? std::nullopt : std::optional{found->second};
}

std::vector<Member> Roster::running() const {
  const std::lock_guard lock{mutex_};
  std::vector<Member> found;
  for (const auto& [replica, member] : members_) {
    if (member.state == MemberState::running) found.push_back(member);
  }
  return found;
}

Member* Roster::find(const std::string& container) {
  const auto replica = containers_.find(container);
  return replica == containers_.end() ? nullptr : &members_.at(replica->second);
}

}  // namespace hearth::docker
