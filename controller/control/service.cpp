#include "control/service.h"

#include "control/build_queue.h"
#include "control/records.h"
#include "control/route_claims.h"
#include "control/spec_codec.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <span>

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

constexpr std::size_t kRevisionsKept = 10;  // beside the active one

Error no_such(const FunctionName& name) {
  return {Code::not_found, Layer::client, "there is no function " + to_string(name), "fn list shows those that are"};
}

Error moved(const FunctionName& name, std::uint64_t is, std::uint64_t expected) {
  const auto what = is == 0 ? "function " + to_string(name) + " does not exist"
                            : "function " + to_string(name) + " is at version " + std::to_string(is);
  const auto instead =
      expected == 0 ? std::string{", and was expected not to exist"} : ", not at " + std::to_string(expected);
  return {Code::conflict, Layer::client, what + instead, "read it again, then decide"};
}

}  // namespace

struct Service::Impl {
  Impl(ports::Store& store, ports::Packages& packages_in, ports::Builder& builder_in, Dispatcher& dispatcher_in,
       const ports::Clock& clock_in)
      : records(store),
        packages(packages_in),
        builder(builder_in),
        dispatcher(dispatcher_in),
        clock(clock_in),
        builds(builder, packages, [this](const Revision& revision) { settled(revision); }) {}

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

  void settled(const Revision& revision);
  void note_time(const Revision& revision);
  void activate(const Revision& revision);
  void prune(const Function& function);
  void discard(std::span<const Revision> revisions);
  void end_cut_off_builds(const Function& function);

  Records records;
  ports::Packages& packages;
  ports::Builder& builder;
  Dispatcher& dispatcher;
  const ports::Clock& clock;
  RouteClaims routes;  // of active revisions
  std::mutex mutex_of_holds;
  std::map<FunctionName, std::shared_ptr<std::mutex>> holds;
  mutable std::mutex mutex_of_times;
  BuildTimes times;
  BuildQueue builds;  // last: its threads use the rest
};

Service::Service(ports::Store& store, ports::Packages& packages, ports::Builder& builder, Dispatcher& dispatcher,
                 const ports::Clock& clock)
    : impl_(std::make_unique<Impl>(store, packages, builder, dispatcher, clock)) {}

Service::~Service() = default;

void Service::load() {
  constexpr std::size_t kAll = 1'000'000;
  impl_->discard(impl_->records.orphans());
  const auto used = impl_->records.packages();
  for (const auto& package : impl_->packages.list()) {
    if (!used.contains(package)) impl_->packages.remove(package);  // its deploy never came
  }
  for (const auto& [function, version] : impl_->records.functions("", "", kAll)) {
    impl_->end_cut_off_builds(function);
    if (function.active == 0) continue;
    const auto active = impl_->records.revision(function.name, function.active);
    if (!active) continue;
    impl_->routes.restore(function.name, active->spec.http_triggers);
    impl_->dispatcher.serve(*active);
  }
}

void Service::Impl::end_cut_off_builds(const Function& function) {
  for (auto revision : records.revisions(function.name)) {
    if (revision.state != RevisionState::building) continue;
    revision.state = RevisionState::failed;
    revision.fault = Fault{.code = Code::unavailable,
                           .layer = Layer::gateway,
                           .message = "hearthd stopped while revision " + std::to_string(revision.number) + " of " +
                                      to_string(function.name) + " was built",
                           .hint = "deploy again"};
    records.put(revision);
  }
}

Revision Service::deploy(const domain::FunctionSpec& spec, const std::string& package,
                         std::optional<std::uint64_t> expected) {
  if (auto complaints = domain::check(spec); !complaints.empty()) {
    throw InvalidDocument{"the function's settings are not valid", std::move(complaints)};
  }
  if (package.empty() != !spec.image.empty()) {
    throw Error{Code::invalid, Layer::client,
                package.empty() ? "a function with a runtime or a build needs a package"
                                : "a function made of an image takes no package"};
  }
  if (!package.empty() && !impl_->packages.find(package)) {
    throw Error{Code::not_found, Layer::client, "package " + package + " is not here", "upload it first"};
  }
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

void Service::Impl::settled(const Revision& revision) {
  note_time(revision);
  const auto lock = hold(revision.function);
  const auto function = records.function(revision.function);
  const auto asked = records.revision(revision.function, revision.number);
  if (!function || !asked || asked->created_at != revision.created_at) {  // deleted while it was built
    if (revision.state == RevisionState::ready) builder.discard(revision);
    throw no_such(revision.function);
  }
  records.put(revision);
  if (revision.state != RevisionState::ready || revision.number <= function->value.active) return;
  try {
    activate(revision);
  } catch (const Error& error) {
    if (error.fault().code != Code::conflict) throw;
    auto refused = revision;
    refused.state = RevisionState::failed;
    refused.fault = error.fault();
    records.put(refused);
    throw;
  }
}

// Throws `conflict` where another function got one of its routes first.
void Service::Impl::activate(const Revision& revision) {
  auto claim = routes.claim(revision.function, revision.spec.http_triggers);
  auto function = must_find(revision.function);
  function.value.active = revision.number;
  records.put(function.value, function.version);
  claim.settle();
  dispatcher.serve(revision);
  prune(function.value);
}

// What lies far behind the active revision goes, with its image and its package.
void Service::Impl::prune(const Function& function) {
  auto revisions = records.revisions(function.name);
  std::erase_if(revisions, [&](const Revision& one) {
    return one.number >= function.active || one.state == RevisionState::building;
  });
  if (revisions.size() > kRevisionsKept) discard(std::span{revisions}.subspan(kRevisionsKept));
}

// Records are read once for all of them: what is left may be made of the same packages.
void Service::Impl::discard(std::span<const Revision> revisions) {
  if (revisions.empty()) return;
  for (const auto& revision : revisions) {
    records.remove(revision);
    builder.discard(revision);
  }
  const auto used = records.packages();
  for (const auto& revision : revisions) {
    if (!revision.package.empty() && !used.contains(revision.package)) packages.remove(revision.package);
  }
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
  const auto lock = impl_->hold(name);
  const auto current = impl_->must_find(name);
  if (expected && *expected != current.version) throw moved(name, current.version, *expected);
  // The record first: should we die now, the next start finds replicas that nobody wants, and stops them.
  if (!impl_->records.remove(name, current.version)) throw moved(name, 0, current.version);
  impl_->dispatcher.remove(name, grace);
  impl_->routes.release(name);
  auto revisions = impl_->records.revisions(name);
  std::erase_if(revisions, [this](const Revision& revision) {
    if (revision.state != RevisionState::building) return false;
    impl_->records.remove(revision);  // its build discards what it made
    return true;
  });
  impl_->discard(revisions);
}

}  // namespace hearth::control
