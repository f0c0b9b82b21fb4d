#include "control/service.h"

#include "control/build_queue.h"
#include "control/faults.h"
#include "control/keep_records.h"
#include "control/records.h"
#include "control/retention.h"
#include "control/route_claims.h"
#include "control/spec_codec.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace hearth::control {

using domain::Code;
using domain::Error;
using domain::Fault;
using domain::Function;
using domain::FunctionName;
using domain::Layer;
using domain::Revision;
using domain::RevisionState;

namespace {

Error no_such(const FunctionName& name) { return Error{no_such_function(name)}; }

Error closed() {
  return Error{{.code = Code::unavailable,
                .layer = Layer::gateway,
                .message = "this hearthd changes nothing any more: another one takes its place",
                .hint = "try again in a moment",
                .retry_after = std::chrono::seconds{1}}};
}

// What a rollback goes to when nobody says.
std::uint64_t before(const Function& function) {
  if (function.previous != 0) return function.previous;
  throw Error{Code::conflict, Layer::client, "no revision of " + to_string(function.name) + " served before this one",
              "fn revisions shows those that are kept; choose with --to"};
}

Fault cut_short() {
  return {.code = Code::cancelled,
          .layer = Layer::gateway,
          .message = "hearthd ended before it was decided, and a newer revision serves by now",
          .hint = "deploy it again if it is still wanted"};
}

Error moved(const FunctionName& name, std::uint64_t is, std::uint64_t expected) {
  const auto what = is == 0 ? "function " + to_string(name) + " does not exist"
                            : "function " + to_string(name) + " is at version " + std::to_string(is);
  const auto instead =
      expected == 0 ? std::string{", and was expected not to exist"} : ", not at " + std::to_string(expected);
  return {Code::stale, Layer::client, what + instead, "read it again, then decide"};
}

}  // namespace

struct Service::Impl {
  Impl(ports::Store& store, ports::Packages& packages_in, ports::Builder& builder_in, Dispatcher& dispatcher_in,
       KeepRecords& keep_records_in, const ports::Clock& clock_in)
      : records(store),
        packages(packages_in),
        builder(builder_in),
        dispatcher(dispatcher_in),
        keep_records(keep_records_in),
        clock(clock_in),
        retention(records, packages, builder),
        builds(builder, packages,
               [this](const Revision& revision, const std::stop_token& stop) { return built(revision, stop); }) {}

  // Changes of one function come one after the other; different functions do not wait for each other.
  std::unique_lock<std::mutex> hold(const FunctionName& name) {
    std::shared_ptr<std::mutex> mutex;
    {
      const std::scoped_lock lock{mutex_of_holds};
      auto& held = holds[name];
      if (!held) held = std::make_shared<std::mutex>();
      mutex = held;
    }
    return std::unique_lock{*mutex};
  }

  Versioned<Function> must_find(const FunctionName& name) {
    auto found = records.function(name);
    if (!found) throw no_such(name);
    return *found;
  }

  // To be held for as long as something is changed.
  std::shared_lock<std::shared_mutex> permit() {
    std::shared_lock lock{closing};
    if (is_closed) throw closed();
    return lock;
  }

  std::optional<Fault> built(Revision revision, const std::stop_token& stop);
  bool take_in(Revision& revision);
  void settle(Revision& revision, std::optional<Fault> fault);
  void decide(Revision& revision, std::optional<Fault> fault);
  Versioned<Function> must_be_at(const FunctionName& name, std::optional<std::uint64_t> expected);
  void must_be_there(const Revision& revision);
  std::optional<Fault> activate(const Revision& revision);
  void prune(const Revision& latest) { retention.prune(must_find(latest.function).value, latest.spec.history); }
  void note_time(const Revision& revision);

  Records records;
  ports::Packages& packages;
  ports::Builder& builder;
  Dispatcher& dispatcher;
  KeepRecords& keep_records;
  const ports::Clock& clock;
  Retention retention;
  RouteClaims routes;  // of active revisions
  std::mutex mutex_of_holds;
  std::map<FunctionName, std::shared_ptr<std::mutex>> holds;
  mutable std::mutex mutex_of_times;
  BuildTimes times;
  std::shared_mutex closing;
  bool is_closed = false;
  BuildQueue builds;  // last: its threads use the rest
};

Service::Service(ports::Store& store, ports::Packages& packages, ports::Builder& builder, Dispatcher& dispatcher,
                 KeepRecords& keep_records, const ports::Clock& clock)
    : impl_(std::make_unique<Impl>(store, packages, builder, dispatcher, keep_records, clock)) {}

Service::~Service() { close(); }

void Service::close() {
  {
    const std::unique_lock lock{impl_->closing};
    impl_->is_closed = true;
  }
  impl_->builds.end();
}

void Service::load(Uploads uploads) {
  constexpr std::size_t kAll = 1'000'000;
  impl_->retention.discard(impl_->records.orphans());
  const auto used = impl_->records.packages();
  for (const auto& package : impl_->packages.list()) {
    if (uploads == Uploads::forget && !used.contains(package)) impl_->packages.remove(package);
  }
  std::vector<Revision> active;
  std::vector<Revision> cut_off;
  for (const auto& [function, version] : impl_->records.functions("", "", kAll)) {
    auto revisions = impl_->records.revisions(function.name);
    std::ranges::reverse(revisions);
    for (auto& revision : revisions) {
      const bool serves = revision.number == function.active;
      if (revision.state == RevisionState::building || revision.state == RevisionState::starting) {
        if (revision.number > function.active) {
          cut_off.push_back(std::move(revision));
          continue;
        }
        // What serves was only not recorded as ready, and what is older would take the place of what is newer.
        impl_->settle(revision, serves ? std::nullopt : std::optional{cut_short()});
      }
      if (serves) active.push_back(std::move(revision));
    }
  }
  for (const auto& revision : active) impl_->routes.restore(revision.function, revision.spec.http_triggers);
  impl_->dispatcher.serve(active);
  for (auto& revision : cut_off) impl_->builds.push(std::move(revision));
}

Revision Service::deploy(const domain::FunctionSpec& spec, const std::string& package,
                         std::optional<std::uint64_t> expected, bool verify) {
  if (auto complaints = domain::check(spec); !complaints.empty()) {
    throw InvalidDocument{"the function's settings are not valid", std::move(complaints), Code::unprocessable};
  }
  if (package.empty() != !spec.image.empty()) {
    throw Error{Code::unprocessable, Layer::client,
                package.empty() ? "a function with a runtime or a build needs a package"
                                : "a function made of an image takes no package"};
  }
  if (!package.empty() && !impl_->packages.find(package)) {
    throw Error{Code::not_found, Layer::client, "package " + package + " is not here", "upload it first"};
  }
  const auto permit = impl_->permit();
  const auto lock = impl_->hold(spec.name);
  impl_->routes.check(spec.name, spec.http_triggers);  // again when it is activated; here to save the build
  auto current = impl_->records.function(spec.name).value_or(Versioned<Function>{.value = {.name = spec.name}});
  if (expected && *expected != current.version) throw moved(spec.name, current.version, *expected);
  ++current.value.latest;
  Revision revision{.function = spec.name,
                    .number = current.value.latest,
                    .package = package,
                    .spec = spec,
                    .created_at = impl_->clock.wall_now(),
                    .state = RevisionState::building,
                    .verify = verify,
                    .image = {},
                    .fault = {}};
  impl_->records.put(revision);
  if (!impl_->records.put(current.value, current.version)) throw moved(spec.name, current.version, current.version);
  impl_->builds.push(revision);
  return revision;
}

std::shared_ptr<BuildLog> Service::build_log(const FunctionName& function, std::uint64_t revision) {
  return impl_->builds.log(function, revision);
}

void Service::Impl::note_time(const Revision& revision) {
  const std::scoped_lock lock{mutex_of_times};
  auto& histogram = revision.state == RevisionState::ready ? times.ready : times.failed;
  histogram.observe(clock.wall_now() - revision.created_at);
}

Service::BuildTimes Service::build_times() const {
  const std::scoped_lock lock{impl_->mutex_of_times};
  return impl_->times;
}

std::optional<Fault> Service::Impl::built(Revision revision, const std::stop_token& stop) {
  if (revision.state != RevisionState::starting) note_time(revision);
  if (!take_in(revision)) return revision.fault;
  auto fault = dispatcher.prepare(revision, stop);
  if (fault && stop.stop_requested()) return fault;  // it stays as it is, for the next load()
  decide(revision, fault);
  return revision.fault;
}

// Records what a build came to. True: it is to be tried before it serves.
bool Service::Impl::take_in(Revision& revision) {
  const auto lock = hold(revision.function);
  must_be_there(revision);
  if (revision.state == RevisionState::ready) revision.state = RevisionState::starting;
  if (revision.state != RevisionState::starting || revision.verify) {
    records.put(revision);
    if (revision.state == RevisionState::failed) prune(revision);
    return revision.state == RevisionState::starting;
  }
  settle(revision, activate(revision));
  if (revision.state == RevisionState::ready) dispatcher.serve(revision);
  prune(revision);
  return false;
}

void Service::Impl::settle(Revision& revision, std::optional<Fault> fault) {
  revision.state = fault ? RevisionState::failed : RevisionState::ready;
  revision.fault = std::move(fault);
  records.put(revision);
}

void Service::Impl::decide(Revision& revision, std::optional<Fault> fault) {
  const auto lock = hold(revision.function);
  try {
    must_be_there(revision);
  } catch (const Error&) {  // deleted meanwhile: what was made ready for it goes too
    if (!records.function(revision.function)) dispatcher.remove(revision.function, std::chrono::milliseconds{0});
    throw;
  }
  // A rollback may have come between.
  if (!fault && dispatcher.serving(revision.function) == revision.number) {
    fault = activate(revision);
    if (!fault) dispatcher.list(revision);
  }
  settle(revision, fault);
  if (fault && must_find(revision.function).value.active == 0) {
    dispatcher.remove(revision.function, std::chrono::milliseconds{0});
  }
  prune(revision);
}

// Its function may have been deleted while it was built or tried.
void Service::Impl::must_be_there(const Revision& revision) {
  const auto function = records.function(revision.function);
  const auto asked = records.revision(revision.function, revision.number);
  if (function && asked && asked->created_at == revision.created_at) return;
  if (!revision.image.empty()) builder.discard(revision);
  throw no_such(revision.function);
}

// Records that `revision` serves, with its routes. Where another function got one of them first, that is told, and what
// served before does so again.
std::optional<Fault> Service::Impl::activate(const Revision& revision) {
  auto [function, version] = must_find(revision.function);
  const auto serving = function.active;
  try {
    auto claim = routes.claim(revision.function, revision.spec.http_triggers);
    if (function.active != 0 && function.active != revision.number) function.previous = function.active;
    function.active = revision.number;
    records.put(function, version);
    claim.settle();
  } catch (const Error& error) {
    if (error.fault().code != Code::conflict) throw;
    if (const auto active = records.revision(revision.function, serving)) dispatcher.serve(*active);
    return error.fault();
  }
  return std::nullopt;
}

Versioned<Function> Service::Impl::must_be_at(const FunctionName& name, std::optional<std::uint64_t> expected) {
  auto current = must_find(name);
  if (expected && *expected != current.version) throw moved(name, current.version, *expected);
  return current;
}

Versioned<Function> Service::rollback(const FunctionName& name, std::optional<std::uint64_t> to,
                                      std::optional<std::uint64_t> expected, const std::stop_token& stop) {
  Revision revision;
  {
    const auto permit = impl_->permit();
    const auto lock = impl_->hold(name);
    auto current = impl_->must_be_at(name, expected);
    const auto number = to ? *to : before(current.value);
    revision = this->revision(name, number);
    if (revision.state != RevisionState::ready) {
      throw Error{Code::conflict, Layer::client,
                  "revision " + std::to_string(number) + " of " + to_string(name) + " is " +
                      std::string(domain::name(revision.state)) + ", and never served",
                  "fn revisions shows those that did"};
    }
    if (number == current.value.active) return current;
    impl_->routes.check(name, revision.spec.http_triggers);
  }
  auto fault = impl_->dispatcher.prepare(revision, stop);
  const auto permit = impl_->permit();  // one that was called off by our own end says so
  if (fault) throw Error{std::move(*fault)};
  const auto lock = impl_->hold(name);
  if (impl_->dispatcher.serving(name) != revision.number) throw Error{overtaken(name, revision.number)};
  fault = impl_->activate(revision);
  if (fault) throw Error{std::move(*fault)};
  impl_->dispatcher.list(revision);
  impl_->prune(revision);
  return impl_->must_find(name);
}

Versioned<Function> Service::function(const FunctionName& name) { return impl_->must_find(name); }

std::vector<Versioned<Function>> Service::functions(std::string_view space, std::string_view after, std::size_t limit) {
  return impl_->records.functions(space, after, limit);
}

Revision Service::revision(const FunctionName& name, std::uint64_t number) {
  if (auto revision = impl_->records.revision(name, number)) return *revision;
  impl_->must_find(name);
  throw Error{Code::not_found, Layer::client,
              "there is no revision " + std::to_string(number) + " of " + to_string(name)};
}

std::vector<Revision> Service::revisions(const FunctionName& name) {
  impl_->must_find(name);
  return impl_->records.revisions(name);
}

FunctionView Service::view(const FunctionName& name) {
  if (auto view = impl_->dispatcher.view(name)) return *view;
  impl_->must_find(name);
  return {};  // never had a revision that was ready
}

std::uint64_t Service::await_change(const FunctionName& name, std::uint64_t seen, domain::Time until) {
  return impl_->dispatcher.await_change(name, seen, until);
}

CallFeed::Follower Service::follow_calls(const FunctionName& name) {
  impl_->must_find(name);
  return impl_->dispatcher.calls().follow(to_string(name));
}

void Service::remove(const FunctionName& name, std::optional<std::uint64_t> expected, std::chrono::milliseconds grace) {
  const auto permit = impl_->permit();
  const auto lock = impl_->hold(name);
  const auto current = impl_->must_be_at(name, expected);
  // The record first: should we die now, the next start finds replicas that nobody wants, and stops them.
  if (!impl_->records.remove(name, current.version)) throw moved(name, 0, current.version);
  impl_->dispatcher.remove(name, grace);
  impl_->keep_records.forget(name);
  impl_->routes.release(name);
  auto revisions = impl_->records.revisions(name);
  std::erase_if(revisions, [this](const Revision& revision) {
    if (revision.state != RevisionState::building && revision.state != RevisionState::starting) return false;
    impl_->records.remove(revision);  // its build discards what it made
    return true;
  });
  impl_->retention.discard(revisions);
}

}  // namespace hearth::control
