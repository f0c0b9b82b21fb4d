// A function entry's part in keep-alive: its policy hears when the function turns busy and falls idle, and its fleet
// what the policy plans.
#include "control/function_entry.h"

#include "domain/keep_alive.h"

namespace hearth::control {

using domain::KeepAlive;
using domain::Time;

namespace {

// Who debugs a replica is there though nobody calls.
KeepAlive keep_alive_of(const domain::FunctionSpec& spec) {
  return spec.debug ? KeepAlive::fixed : spec.scale.keep_alive;
}

domain::HybridSettings hybrid_settings(const domain::Scale& scale) {
  domain::HybridSettings settings{.fallback = scale.idle_timeout};
  if (scale.keep_alive == KeepAlive::automatic) settings.most = domain::kMostOfAuto;
  return settings;
}

}  // namespace

// With mutex_ held, as all of these.
void FunctionEntry::note_use(Time now) {
  const bool used = pool_.in_flight() + pool_.held() > 0;
  if (used == used_) return;
  used_ = used;
  if (used) {
    learned_more_ |= keep_alive_.idle_since().has_value();
    keep_alive_.turned_busy(now);
  } else {
    keep_alive_.fell_idle(now);
    learned_more_ = true;  // since when it is idle
  }
}

void FunctionEntry::plan_keep() {
  const auto revision = revisions_.find(fleet_.revision());
  if (revision == revisions_.end()) return;
  if (kept_as_ != revision->first) {
    kept_as_ = revision->first;
    const auto& spec = revision->second->spec;
    if (keep_alive_of(spec) == KeepAlive::fixed) {
      keep_alive_.fix(spec.scale.idle_timeout);
    } else {
      keep_alive_.learn(hybrid_settings(spec.scale));
    }
  }
  fleet_.keep(keep_alive_.plan({}), keep_alive_.idle_since());
}

KeepView FunctionEntry::keep_view(Time now, domain::WallTime wall) const {
  const auto plan = keep_alive_.plan({});
  KeepView view{.why = plan.why, .keep = std::chrono::ceil<std::chrono::milliseconds>(plan.keep), .again = {}};
  const auto since = keep_alive_.idle_since();
  if (!plan.again || !since) return view;
  const auto wall_of = [&](Time at) { return wall + std::chrono::round<std::chrono::milliseconds>(at - now); };
  view.again = {wall_of(*since + plan.again->from), wall_of(*since + plan.again->to)};
  return view;
}

std::optional<LearnedTimes> FunctionEntry::take_learned() {
  const std::scoped_lock lock{mutex_};
  if (!std::exchange(learned_more_, false)) return std::nullopt;
  auto times = keep_alive_.learned();
  if (!times) return std::nullopt;
  LearnedTimes learned{.times = std::move(*times), .idle_since = {}};
  if (const auto since = std::exchange(learned.times.idle_since, std::nullopt)) {
    const auto idle = std::chrono::round<std::chrono::milliseconds>(around_.clock.now() - *since);
    learned.idle_since = around_.clock.wall_now() - idle;
  }
  return learned;
}

void FunctionEntry::recall(const LearnedTimes& learned) {
  change([&](domain::FleetEffects&, Deliveries&, Time now) {
    plan_keep();  // so that there is what may recall
    auto times = learned.times;
    if (used_) {
      times.idle_since.reset();
    } else if (learned.idle_since) {
      const auto idle = around_.clock.wall_now() - *learned.idle_since;
      times.idle_since = now - std::max<domain::Duration>(idle, domain::Duration{0});
    }
    keep_alive_.recall(times);
  });
}

}  // namespace hearth::control
