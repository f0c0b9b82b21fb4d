// The calls of a toy world and what becomes of each: answered once, in time, by a replica or by a refusal.
#pragma once

#include "domain/pool.h"
#include "domain/toy_engine.h"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace hearth::domain {

class ToyCalls {
 public:
  struct Call {
    PoolId pool = 0;
    Time deadline{};
    std::optional<Slot> slot = {};  // while it executes; before that it is held
  };

  explicit ToyCalls(Violation violated) : violated_(std::move(violated)) {}

  // A call that its pool did not refuse at once.
  void arrived(CallId call, PoolId pool, Time deadline) { calls_[call] = {.pool = pool, .deadline = deadline}; }
  // False where there is no such call to grant.
  bool granted(PoolId pool, const Grant& grant, Time now) {
    const auto call = calls_.find(grant.call);
    if (call == calls_.end()) return wrong("granted a call that was answered already");
    if (call->second.slot || call->second.pool != pool) return wrong("granted a call twice");
    if (call->second.deadline <= now) violated_("granted a call after its deadline");
    call->second.slot = grant.slot;
    return true;
  }
  void refused(CallId call) {
    const auto found = calls_.find(call);
    if (found == calls_.end()) return violated_("refused a call that was answered already");
    if (found->second.slot) violated_("refused a call that was granted");
    calls_.erase(found);
  }
  void expired(CallId call, Time now) {
    const auto found = calls_.find(call);
    if (found != calls_.end() && found->second.deadline != now)
      violated_("a call expired before or after its deadline");
    refused(call);
  }
  Call take(CallId call) { return calls_.extract(call).mapped(); }

  std::vector<CallId> held() const { return those(false); }
  std::vector<CallId> executing() const { return those(true); }
  bool empty() const { return calls_.empty(); }

  // What must be so at any time.
  void check(PoolId id, const Pool& pool, Time now) const {
    std::uint32_t held = 0;
    std::uint32_t executing = 0;
    for (const auto& [call, one] : calls_) {
      if (one.pool != id) continue;
      ++(one.slot ? executing : held);
      if (!one.slot && one.deadline <= now) violated_("a held call outlived its deadline");
    }
    if (pool.held() != held) violated_("a held call was lost");
    if (pool.in_flight() != executing) violated_("a call in flight was lost");
  }

 private:
  bool wrong(const char* what) const {
    violated_(what);
    return false;
  }
  std::vector<CallId> those(bool executing) const {
    std::vector<CallId> found;
    for (const auto& [id, call] : calls_) {
      if (call.slot.has_value() == executing) found.push_back(id);
    }
    return found;
  }

  std::map<CallId, Call> calls_;
  Violation violated_;
};

}  // namespace hearth::domain
