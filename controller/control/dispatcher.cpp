#include "control/dispatcher.h"

#include "control/effect_runner.h"
#include "control/function_entry.h"
#include "control/timers.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

namespace hearth::control {

using domain::Fault;
using domain::FunctionName;

namespace {

// Ids grow within a run and, by the wall clock, across restarts.
class GrowingIds final : public domain::ReplicaIds {
 public:
  explicit GrowingIds(domain::WallTime start)
      : last_(static_cast<std::uint64_t>(start.time_since_epoch().count()) << 16) {}
  domain::ReplicaId next() override { return ++last_; }

 private:
  std::atomic<domain::ReplicaId> last_;
};

}  // namespace

struct Dispatcher::Impl {
  Impl(ports::Engine& engine_in, const ports::Clock& clock_in, const Settings& settings_in)
      : engine(engine_in),
        clock(clock_in),
        settings(settings_in),
        ids(clock.wall_now()),
        timers(clock),
        runner(engine, clock, timers,
               {.max_starts = settings.max_starts,
                .max_stops = settings.max_stops,
                .stop_grace = settings.stop_grace,
                .memory = settings.memory,
                .make_room = [this](domain::Bytes missing) { make_room(missing); }}),
        around{.clock = clock,
               .timers = timers,
               .runner = runner,
               .ids = ids,
               .gateway_threads = settings.gateway_threads,
               .max_held = settings.max_held} {}

  // The function's entry, made where it has none.
  FunctionHandle entry(const FunctionName& name) {
    std::optional<Fault> away;
    FunctionHandle function;
    {
      const std::scoped_lock lock{mutex};
      auto& handle = functions[name];
      if (!handle) handle = std::make_shared<FunctionEntry>(name, around);
      function = handle;
      away = engine_away;
    }
    if (away) function->engine_away(away);
    return function;
  }
  static Directory::Entry listing(const FunctionHandle& function, const domain::Revision& revision) {
    const auto& limits = revision.spec.limits;
    return {.function = revision.function,
            .row = {.handle = function,
                    .timeout = limits.timeout,
                    .body = limits.body,
                    .retry = revision.spec.retry,
                    .capacity = std::max(1u, limits.concurrency) * std::max(1u, revision.spec.scale.max)},
            .triggers = revision.spec.http_triggers};
  }
  FunctionHandle find(const FunctionName& name) const {
    const std::scoped_lock lock{mutex};
    const auto found = functions.find(name);
    return found == functions.end() ? nullptr : found->second;
  }
  std::vector<FunctionHandle> all() const {
    const std::scoped_lock lock{mutex};
    std::vector<FunctionHandle> handles;
    for (const auto& [name, handle] : functions) handles.push_back(handle);
    return handles;
  }
  // A snapshot of what idles, a decision, and word to those whom it concerns: no two locks at once.
  void make_room(domain::Bytes missing) {
    const auto functions_now = all();
    std::vector<domain::IdleReplica> idle;
    for (std::uint32_t which = 0; which < functions_now.size(); ++which) {
      for (auto& replica : functions_now[which]->spare()) {
        replica.function = which;
        idle.push_back(replica);
      }
    }
    const auto going = domain::worth_least(std::move(idle), missing, clock.now());
    for (const auto& replica : going) functions_now[replica.function]->evict(replica.replica);
  }
  void note_engine(const std::optional<Fault>& away) {
    const std::scoped_lock lock{mutex};
    engine_away = away;
  }

  ports::Engine& engine;
  const ports::Clock& clock;
  const Settings settings;
  GrowingIds ids;
  Directory directory;
  CallFeed calls;
  mutable std::mutex mutex;
  std::map<FunctionName, FunctionHandle> functions;
  std::vector<std::pair<FunctionName, FunctionHandle>> removed;  // their last calls may still end, and count
  std::optional<Fault> engine_away;
  Timers timers;
  EffectRunner runner;
  Surroundings around;
};

Dispatcher::Dispatcher(ports::Engine& engine, const ports::Clock& clock, Settings settings)
    : impl_(std::make_unique<Impl>(engine, clock, settings)) {}

Dispatcher::~Dispatcher() {
  const Fault why{.code = domain::Code::unavailable,
                  .layer = domain::Layer::gateway,
                  .message = "the gateway is going down",
                  .hint = "call again in a moment",
                  .retry_after = std::chrono::seconds{1}};
  for (const auto& function : impl_->all()) function->refuse_all(why);
  impl_->runner.shut_down();
  impl_->timers.stop();
}

std::uint32_t Dispatcher::gateway_threads() const noexcept { return impl_->settings.gateway_threads; }

CallFeed& Dispatcher::calls() { return impl_->calls; }
const Directory& Dispatcher::directory() const { return impl_->directory; }

std::variant<Lease, Ticket, Fault> Dispatcher::acquire(const FunctionHandle& function, domain::Time deadline,
                                                       std::uint32_t thread, Waiter& waiter) {
  return function->acquire(deadline, thread, waiter);
}

bool Dispatcher::cancel(const Ticket& ticket, domain::Ending why) { return ticket.function->cancel(ticket.call, why); }

Fault Dispatcher::held_too_long(const FunctionHandle& function) const { return function->held_too_long(); }

void Dispatcher::count(const FunctionHandle& function, domain::Ending ending) { function->count(ending); }

bool Dispatcher::leaving(const Lease& lease) const { return lease.function()->leaving(lease.replica().id); }

void Dispatcher::explain(const Lease& lease, std::chrono::milliseconds patience,
                         std::function<void(std::optional<Fault>)> then) {
  lease.function()->explain(lease.replica().id, patience, std::move(then));
}

void Dispatcher::serve(const domain::Revision& revision) { serve(std::vector{revision}); }

void Dispatcher::serve(const std::vector<domain::Revision>& revisions) {
  std::vector<Directory::Entry> listings;
  for (const auto& revision : revisions) {
    const auto function = impl_->entry(revision.function);
    function->serve(revision);
    impl_->engine.expect(FunctionEntry::replica_of(revision));
    listings.push_back(Impl::listing(function, revision));
  }
  impl_->directory.put(std::move(listings));
}

std::optional<Fault> Dispatcher::prepare(const domain::Revision& revision, const std::stop_token& stop) {
  // Its turn to start may be late, and its start ends by itself.
  constexpr auto kTurn = std::chrono::seconds{60};
  const auto function = impl_->entry(revision.function);
  function->prepare(revision);
  const auto until = impl_->clock.now() + revision.spec.scale.start_timeout + kTurn;
  auto failed = function->await_prepared(revision.number, until, stop);
  if (!failed) impl_->engine.expect(FunctionEntry::replica_of(revision));
  return failed;
}

void Dispatcher::list(const domain::Revision& revision) {
  if (const auto function = impl_->find(revision.function)) impl_->directory.put({Impl::listing(function, revision)});
}

std::uint64_t Dispatcher::serving(const FunctionName& name) const {
  const auto function = impl_->find(name);
  return function ? function->serving() : 0;
}

void Dispatcher::yield(std::function<void(domain::ReplicaId)> give) {
  impl_->around.give = std::move(give);
  for (const auto& function : impl_->all()) {
    function->yield();
    impl_->engine.expect_none(function->name());  // its next starts are another's
  }
}

bool Dispatcher::await_yielded(domain::Time until) const {
  return std::ranges::all_of(impl_->all(), [&](const auto& function) { return function->await_gone(until); });
}

std::vector<std::pair<FunctionName, domain::ReplicaId>> Dispatcher::replicas() const {
  std::vector<std::pair<FunctionName, domain::ReplicaId>> replicas;
  for (const auto& function : impl_->all()) {
    for (const auto& replica : function->view().replicas) replicas.emplace_back(function->name(), replica.id);
  }
  return replicas;
}

void Dispatcher::expect(const std::set<FunctionName>& functions, domain::Time until) {
  for (const auto& name : functions) {
    if (const auto function = impl_->find(name)) function->expect(until);
  }
}

bool Dispatcher::adopt(const ports::Found& found) {
  const auto function = impl_->find(found.function);
  if (function) impl_->runner.holds(found.id, function->memory_of(found.revision));
  const bool adopted = function && function->adopt(found);
  if (!adopted) impl_->runner.dispose(found.id);
  return adopted;
}

void Dispatcher::looked() {
  impl_->note_engine(std::nullopt);
  for (const auto& function : impl_->all()) function->engine_away(std::nullopt);
}

void Dispatcher::remove(const FunctionName& name, std::chrono::milliseconds grace) {
  const auto function = impl_->find(name);
  if (!function) return;
  impl_->directory.remove(name);
  impl_->engine.expect_none(name);
  function->remove();
  if (!function->await_gone(impl_->clock.now() + grace)) {
    function->abandon();
    function->await_gone(impl_->clock.now() + grace + impl_->settings.stop_grace);
  }
  const std::scoped_lock lock{impl_->mutex};
  impl_->removed.emplace_back(name, function);
  impl_->functions.erase(name);
}

std::vector<std::pair<FunctionName, domain::Usage>> Dispatcher::take_usage() {
  decltype(impl_->removed) all;
  {
    const std::scoped_lock lock{impl_->mutex};
    all.assign(impl_->functions.begin(), impl_->functions.end());
    all.insert(all.end(), impl_->removed.begin(), impl_->removed.end());
    // Held by nobody but us two: what it has to tell is told below, and nothing will come after it.
    std::erase_if(impl_->removed, [](const auto& one) { return one.second.use_count() == 2; });
  }
  std::vector<std::pair<FunctionName, domain::Usage>> taken;
  for (const auto& [name, function] : all) {
    if (const auto usage = function->take_usage(); usage != domain::Usage{}) taken.emplace_back(name, usage);
  }
  return taken;
}

std::vector<domain::FunctionStats> Dispatcher::stats() const {
  std::vector<domain::FunctionStats> stats;
  for (const auto& function : impl_->all()) stats.push_back(function->stats());
  return stats;
}

std::vector<std::pair<FunctionName, LearnedTimes>> Dispatcher::take_learned() {
  std::vector<std::pair<FunctionName, LearnedTimes>> taken;
  for (const auto& function : impl_->all()) {
    if (auto learned = function->take_learned()) taken.emplace_back(function->name(), std::move(*learned));
  }
  return taken;
}

bool Dispatcher::recall(const FunctionName& name, const LearnedTimes& learned) {
  const auto function = impl_->find(name);
  if (function) function->recall(learned);
  return function != nullptr;
}

std::optional<FunctionView> Dispatcher::view(const FunctionName& name) const {
  const auto function = impl_->find(name);
  if (!function) return std::nullopt;
  return function->view();
}

std::uint64_t Dispatcher::await_change(const FunctionName& name, std::uint64_t seen, domain::Time until) const {
  const auto function = impl_->find(name);
  return function ? function->await_change(seen, until) : seen;
}

std::optional<Fault> Dispatcher::engine_away() const {
  const std::scoped_lock lock{impl_->mutex};
  return impl_->engine_away;
}

void Dispatcher::exited(domain::ReplicaId replica, const ports::Exit& exit) {
  for (const auto& function : impl_->all()) {
    if (function->owns(replica)) return function->died(replica, exit);
  }
}

void Dispatcher::away(const Fault& why) {
  impl_->note_engine(why);
  for (const auto& function : impl_->all()) function->engine_away(why);
}

void Dispatcher::back() {
  impl_->runner.post([this] {
    try {
      const auto alive = impl_->engine.alive();
      looked();
      for (const auto& function : impl_->all()) function->lost_but(alive);
    } catch (const domain::Error& error) {
      away(error.fault());  // gone again; its next return tries anew
    }
  });
}

}  // namespace hearth::control
