// One function at work: its pool and fleet behind one small lock, the calls that wait, and what its replicas are.
// Under the lock only the domain decides; what follows is delivered after it.
#pragma once

#include "control/dispatcher.h"
#include "control/effect_runner.h"
#include "control/timers.h"
#include "domain/eviction.h"
#include "domain/fleet.h"
#include "domain/keep_alive.h"
#include "domain/metering.h"
#include "domain/pool.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <variant>
#include <vector>

namespace hearth::control {

// What every function needs of its surroundings; outlives them all.
struct Surroundings {
  const ports::Clock& clock;
  Timers& timers;
  EffectRunner& runner;
  domain::ReplicaIds& ids;
  std::uint32_t gateway_threads = 1;
  std::uint32_t max_held = 1000;
  std::function<void(domain::ReplicaId)> give = {};  // to whoever follows us; set before any function yields
};

class FunctionEntry final : public Ordering, public std::enable_shared_from_this<FunctionEntry> {
 public:
  FunctionEntry(domain::FunctionName name, Surroundings& around);

  const domain::FunctionName& name() const { return name_; }

  // The data world; see Dispatcher.
  std::variant<Lease, Ticket, domain::Fault> acquire(domain::Time deadline, std::uint32_t thread, Waiter& waiter);
  bool cancel(domain::CallId call, domain::Ending why);
  void count(domain::Ending ending);
  void end(Lease::Grip& grip, Outcome outcome, std::optional<domain::Ending> ending) noexcept;
  bool leaving(domain::ReplicaId replica) const;
  void explain(domain::ReplicaId replica, std::chrono::milliseconds patience,
               std::function<void(std::optional<domain::Fault>)> then);

  // The control world.
  void serve(const domain::Revision& revision);
  void prepare(const domain::Revision& revision);
  // Blocks until what was prepared serves (nothing), or does not (why).
  std::optional<domain::Fault> await_prepared(std::uint64_t revision, domain::Time until, const std::stop_token& stop);
  std::uint64_t serving() const;
  void yield();
  void expect(domain::Time until);
  bool adopt(const ports::Found& found);
  void remove();
  void abandon();  // calls in flight are cut off
  bool await_gone(domain::Time until);
  void refuse_all(const domain::Fault& why);
  FunctionView view();
  std::uint64_t await_change(std::uint64_t seen, domain::Time until);
  domain::Usage take_usage();  // since it was last taken
  domain::FunctionStats stats();
  // Why a call that was held until its deadline was.
  domain::Fault held_too_long() const;
  // Idle replicas that could make room for other functions, and one of them that is to; false: it is wanted again.
  std::vector<domain::IdleReplica> spare() const;
  bool evict(domain::ReplicaId replica);
  // Of a replica of this revision; nothing where it is not known.
  domain::Bytes memory_of(std::uint64_t revision) const;

  // What is known of when it is called: where that is more than when it was last taken, and from an earlier run.
  std::optional<LearnedTimes> take_learned();
  void recall(const LearnedTimes& learned);

  // The engine. A replica such as `revision` has, without an id.
  static ports::ReplicaSpec replica_of(const domain::Revision& revision);
  bool owns(domain::ReplicaId replica) const;
  void died(domain::ReplicaId replica, const ports::Exit& exit);
  void lost_but(const std::vector<domain::ReplicaId>& alive);
  void engine_away(const std::optional<domain::Fault>& why);
  void starting(const domain::Order& order) override;
  ports::ReplicaSpec spec(const domain::Order& order) const override;
  void started(const domain::Order& order, const ports::Running& running, domain::Turn turn) override;
  void not_started(const domain::Order& order, const domain::Fault& why) override;
  void stopped(const domain::Order& order) override;
  ports::Freeze freezing(const domain::Order& order) override;
  void froze(const domain::Order& order) override;
  void not_frozen(const domain::Order& order, const std::string& why) override;
  void thawed(const domain::Order& order, std::chrono::microseconds took) override;
  void not_thawed(const domain::Order& order, const domain::Fault& why) override;

 private:
  // What follows from a change, carried out with no lock held.
  struct Deliveries {
    std::vector<std::pair<Waiter*, Lease>> granted;
    std::vector<std::pair<Waiter*, domain::Fault>> refused;
    std::vector<std::pair<domain::Order, domain::Bytes>> orders;  // with the replica's memory
    std::vector<std::shared_ptr<ReplicaSlots>> yielded;
    std::vector<std::shared_ptr<ReplicaSlots>> ending;  // of replicas that are to be stopped
    std::vector<std::function<void()>> told;
    std::optional<domain::Time> wake;
  };
  struct Attempt {
    std::uint64_t revision = 0;
    std::optional<domain::Fault> fault = {};  // why it did not start
  };
  struct Verdict {
    bool known = false;
    std::optional<domain::Fault> fault = {};
  };
  struct Explanation {
    domain::ReplicaId replica;
    domain::Time until;
    std::function<void(std::optional<domain::Fault>)> then;
  };

  // Under the lock:
  void settle(domain::FleetEffects& effects, Deliveries& out, domain::Time now);
  void apply(const domain::FleetEffect& effect, domain::FleetEffects& more, Deliveries& out, domain::Time now);
  void refuse(const std::vector<domain::CallId>& calls, domain::Refusal reason, Deliveries& out, domain::Time now);
  void grant(const domain::Grant& grant, Deliveries& out, domain::Time now, const HoldTimes& times = {});
  void lose(domain::ReplicaId replica, const domain::Fault& why, domain::FleetEffects& effects, Deliveries& out,
            domain::Time now);
  domain::Fault fault_of(domain::Refusal reason, domain::Time now) const;
  domain::Fault deadline_fault() const;
  void plan_wake(Deliveries& out);
  void note_changes();
  void forget_revisions();
  Verdict verdict(std::uint64_t revision) const;
  void forget_failures();  // another revision serves
  std::shared_ptr<ReplicaSlots> make_slots(domain::ReplicaId replica, const domain::Revision& revision,
                                           const ports::Running& running, domain::Time now);
  std::optional<ports::TcpAddress> debugger_of(domain::ReplicaId replica) const;
  std::string awake_of(const domain::Fleet::Replica& replica) const;
  void note_frozen(domain::Time now);
  void note_use(domain::Time now);
  void plan_keep();
  KeepView keep_view(domain::Time now, domain::WallTime wall) const;
  // Without it:
  void deliver(Deliveries& out);
  void give(std::vector<std::shared_ptr<ReplicaSlots>> yielded);
  void tick();
  template <class Change>
  void change(Change&& decide);  // locks, decides, settles, unlocks, delivers

  const domain::FunctionName name_;
  Surroundings& around_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t version_ = 1;  // of what view() shows, calls in flight apart
  std::uint64_t shown_ = 0;    // a digest of it
  domain::Pool pool_;
  domain::Fleet fleet_;
  domain::FunctionMeter meter_;
  domain::CallId last_call_ = 0;
  domain::Time first_call_{};
  std::unordered_map<domain::CallId, Waiter*> waiters_;
  std::map<std::uint64_t, std::shared_ptr<const domain::Revision>> revisions_;  // with replicas, active, or tried
  std::unordered_map<domain::ReplicaId, std::shared_ptr<ReplicaSlots>> replicas_;
  std::optional<domain::Fault> last_failure_;
  std::optional<domain::Fault> last_death_;  // since the active revision became that
  Attempt attempt_;                          // the latest
  std::optional<domain::Fault> engine_away_;
  std::map<domain::ReplicaId, domain::Fault> obituaries_;  // the last few
  std::vector<Explanation> explanations_;
  domain::Duration last_start_ = std::chrono::milliseconds{250};  // how long it took; before the first, a guess
  HoldTimes lending_times_;                                       // of the replica that is just being lent
  std::map<domain::ReplicaId, std::string> awake_;                // what keeps an idle replica from being frozen
  std::optional<domain::Time> next_tick_;
  domain::KeepAlivePolicy keep_alive_;
  std::uint64_t kept_as_ = 0;  // the revision whose settings it has
  bool used_ = false;          // a call is in flight or held
  bool learned_more_ = false;  // since it was last taken
};

template <class Change>
void FunctionEntry::change(Change&& decide) {
  Deliveries out;
  {
    const std::scoped_lock lock{mutex_};
    const auto now = around_.clock.now();
    domain::FleetEffects effects;
    decide(effects, out, now);
    settle(effects, out, now);
  }
  deliver(out);
}

}  // namespace hearth::control
