// A fleet's part in keep-alive: how long its last idle replica stays, when one is made before it is asked for, and who
// makes room for another function.
#include "domain/fleet.h"

#include <algorithm>

namespace hearth::domain {

namespace {

// Who is to leave as soon as it idles is seen to idle this soon.
constexpr Duration kNotice = std::chrono::milliseconds{100};

}  // namespace

void Fleet::keep(const KeepPlan& plan, std::optional<Time> idle_since) {
  keep_ = plan.keep;
  again_.reset();
  if (!plan.again || !idle_since) return;
  const Expected expected{*idle_since + plan.again->from, *idle_since + plan.again->to};
  // What was made for that time and had to go is not made for it again.
  if (made_room_at_ && *made_room_at_ >= expected.from) return;
  again_ = expected;
}

// Replicas that are there whether calls come or not.
std::uint32_t Fleet::least(Time now) const {
  const bool expected = again_ && again_->from <= now && now < again_->to && !removed_ && !yielding_;
  return std::max(settings_.scale.min, expected ? 1u : 0u);
}

// The plan is for the last one: those beside it were wanted for a burst.
Time Fleet::leaves_at(std::size_t at, bool last) const {
  const auto idle_since = entries_[at].idle_since;
  const auto settled = settings_.scale.idle_timeout;
  if (!last) return idle_since + std::min(settled, keep_.value_or(settled));
  if (again_ && idle_since >= again_->from) return again_->to;
  return idle_since + keep_.value_or(settled);
}

// The soonest that one which is busy now can have been idle for long enough.
Duration Fleet::shortest_stay(std::size_t at) const {
  auto stay = settings_.scale.idle_timeout;
  if (keep_) stay = std::min(stay, std::max(*keep_, kNotice));
  return std::min(stay, entries_[at].freeze_after.value_or(stay));
}

std::vector<Fleet::Spare> Fleet::spare(std::span<const PoolReport> reports) const {
  if (std::ranges::any_of(reports, [](const PoolReport& report) { return report.held > 0; })) return {};
  std::vector<Spare> spare;
  std::uint32_t there = 0;
  for (std::size_t at = 0; at < replicas_.size(); ++at) {
    const auto& [id, revision, life, since, epoch, in_flight] = replicas_[at];
    if (life.draining || life.stopping || revision == candidate()) continue;
    ++there;
    bool busy = false;
    auto idle_since = entries_[at].idle_since;
    for (const auto& report : reports) {
      const auto seen = std::ranges::find(report.replicas, id, &PoolReport::Replica::id);
      if (seen == report.replicas.end()) continue;
      busy |= seen->in_flight > 0;
      idle_since = std::max(idle_since, seen->idle_since);
    }
    // As last reported: one that executed may well be idle by now.
    const bool rests = life.phase == Phase::warm || life.phase == Phase::executing || life.phase == Phase::frozen;
    if (rests && !busy) spare.push_back({id, idle_since});
  }
  std::ranges::sort(spare, {}, &Spare::idle_since);
  const auto most = there > settings_.scale.min ? there - settings_.scale.min : 0;
  if (spare.size() > most) spare.resize(most);
  return spare;
}

bool Fleet::evict(ReplicaId replica, std::span<const PoolReport> reports, FleetEffects& effects, Time now) {
  const auto could = spare(reports);
  if (std::ranges::find(could, replica, &Spare::replica) == could.end()) return false;
  made_room_at_ = now;
  if (again_ && again_->from <= now) again_.reset();
  drain(index_of(replica), effects, now);
  return true;
}

}  // namespace hearth::domain
