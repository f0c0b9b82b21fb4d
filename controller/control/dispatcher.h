// The bridge between the two worlds: the gateway asks for a slot of a warm replica and gets a lease, now or later.
// Guards each function's pool and fleet behind one small lock, and hands their effects to the effect runner.
#pragma once

#include "control/call_feed.h"
#include "control/directory.h"
#include "control/function_view.h"
#include "control/learned_times.h"
#include "control/lease.h"
#include "domain/error.h"
#include "domain/function.h"
#include "domain/metering.h"
#include "ports/clock.h"
#include "ports/engine.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hearth::control {

class Dispatcher final : public ports::EngineEvents {
 public:
  struct Settings {
    std::uint32_t gateway_threads = 2;
    std::uint32_t max_held = 1000;  // calls of one function that wait at once
    std::uint32_t max_starts = 8;   // in flight, of all functions together
    std::uint32_t max_stops = 8;    // the same
    std::chrono::milliseconds stop_grace{10'000};
    domain::Bytes memory{~0ull >> 1};  // of all functions' replicas together, each counted with its limit
  };

  // Starts its threads. All that is passed outlives it.
  Dispatcher(ports::Engine& engine, const ports::Clock& clock, Settings settings);
  // Refuses what is held, calls starts off, waits for stops in flight; replicas live on.
  ~Dispatcher() override;

  // Callers of acquire name themselves by a number below this.
  std::uint32_t gateway_threads() const noexcept;

  // Names to functions, read by every data thread without a shared lock.
  const Directory& directory() const;

  // --- the data world: never blocks, any thread ---

  // A lease at once, a ticket (then `waiter` hears exactly once, from any thread, unless the ticket is cancelled
  // first), or a refusal. `waiter` must outlive that.
  std::variant<Lease, Ticket, domain::Fault> acquire(const FunctionHandle& function, domain::Time deadline,
                                                     std::uint32_t thread, Waiter& waiter);
  // True: the waiter will not hear any more, and the call is counted as ended so. False: it has heard or is just
  // hearing.
  bool cancel(const Ticket& ticket, domain::Ending why = domain::Ending::left);
  // Why a call whose deadline came while it was held found no replica.
  domain::Fault held_too_long(const FunctionHandle& function) const;
  // A call that ended before anything was acquired for it.
  void count(const FunctionHandle& function, domain::Ending ending);

  // Whether the lease's replica is to end: what would keep it for long should leave it.
  bool leaving(const Lease& lease) const;

  // Why a replica broke off: calls `then` once, from any thread, as soon as its exit is known or after `patience`
  // with nothing.
  void explain(const Lease& lease, std::chrono::milliseconds patience,
               std::function<void(std::optional<domain::Fault>)> then);

  // Who looks on as calls end; the gateway adds them.
  CallFeed& calls();

  // --- the control world ---

  // Makes `revision` what the function's calls are served by; replicas of older ones drain once it is warm.
  void serve(const domain::Revision& revision);
  void serve(const std::vector<domain::Revision>& revisions);  // of different functions
  // Has one replica of `revision` started beside what serves and makes it what calls are served by once that is warm;
  // at once where one lives. Blocks; nothing: it serves. Else why not, and what served before still does.
  // Whoever calls it decides whether its routes and limits count: list().
  std::optional<domain::Fault> prepare(const domain::Revision& revision, const std::stop_token& stop = {});
  // The directory has the routes and limits of `revision` from here on, where its function has been prepared or serves.
  void list(const domain::Revision& revision);
  // The revision that serves now; 0: none.
  std::uint64_t serving(const domain::FunctionName& function) const;
  // Everything is given to a successor, each replica as soon as no call of ours uses it: `give` is called for it from
  // any thread, may block, and must not throw. Calls that are held are served still.
  void yield(std::function<void(domain::ReplicaId)> give);
  // Whether nothing is left to give, at the latest at `until`.
  bool await_yielded(domain::Time until) const;
  std::vector<std::pair<domain::FunctionName, domain::ReplicaId>> replicas() const;
  // `functions` have replicas that are still to come by adopt(): until then none is started in their place.
  void expect(const std::set<domain::FunctionName>& functions, domain::Time until);
  // Takes a replica that survived us. False when no served revision wants it: it is stopped in the background.
  bool adopt(const ports::Found& found);
  // Ends what away() began, for one who knows already which replicas live: starts may begin.
  void looked();
  // Refuses its calls from now on, lets those in flight end within `grace`, and returns when every replica is gone.
  void remove(const domain::FunctionName& function, std::chrono::milliseconds grace);

  std::optional<FunctionView> view(const domain::FunctionName& function) const;
  // Blocks until the view differs from the one of `seen`, or `until`; returns the number to pass next.
  std::uint64_t await_change(const domain::FunctionName& function, std::uint64_t seen, domain::Time until) const;

  // What each function took since this was last asked, functions that took nothing left out. For one caller.
  std::vector<std::pair<domain::FunctionName, domain::Usage>> take_usage();
  std::vector<domain::FunctionStats> stats() const;

  // What was learned of when functions are called, of those where that is more than when this was last asked. For one
  // caller.
  std::vector<std::pair<domain::FunctionName, LearnedTimes>> take_learned();
  // Whether there is such a function; what was learned in an earlier run is for a time before its first call.
  bool recall(const domain::FunctionName& function, const LearnedTimes& learned);

  // Why the engine cannot be used, while it cannot.
  std::optional<domain::Fault> engine_away() const;

  // From the engine's watching thread.
  void exited(domain::ReplicaId replica, const ports::Exit& exit) override;
  void away(const domain::Fault& why) override;
  void back() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::control
