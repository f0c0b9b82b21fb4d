#include "engines/docker/engine.h"

#include "engines/docker/json_read.h"

#include <nlohmann/json.hpp>

namespace hearth::docker {

using domain::ReplicaId;
using namespace std::chrono_literals;

namespace {

std::int64_t wall_nanos() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

PackageWay way_of_packages(const EngineSettings& settings, ports::Host& host) {
  return settings.cells.max == 0 || host.can_bind() ? PackageWay::bound : PackageWay::streamed;
}

}  // namespace

DockerEngine::DockerEngine(EngineSettings settings, ports::Host& host, ports::LogSink& sink)
    : settings_(std::move(settings)),
      host_(host),
      api_(settings_.location),
      containers_(api_),
      networks_(api_, settings_.installation),
      parked_(api_, containers_, networks_, settings_.installation, settings_.parked),
      last_event_nanos_(wall_nanos()),
      images_(api_),
      packages_(api_, settings_.installation, settings_.packages, way_of_packages(settings_, host_), spent_),
      upkeep_([this](const std::stop_token& stop) { return keep_up(stop); }),
      followers_(api_, sink, [this] { upkeep_.ask(); }),
      cells_(settings_.cells, packages_.way(), host_, containers_, networks_, [this] { return surroundings(); }),
      book_(cells_, images_, packages_) {}

// Docker cannot end what is frozen, and nobody may be there to thaw it: replicas live on, awake.
DockerEngine::~DockerEngine() {
  book_.end();
  cells_.end();
  upkeep_.end();
  thaw_all();
}

DockerEngine::Facts DockerEngine::facts() {
  {
    const std::lock_guard lock{mutex_};
    if (facts_) return *facts_;
  }
  const auto info = api_.get({.path = "/info", .attempt = "describe itself"});
  Facts facts{.about = api_.about(),
              .cgroup_version = text_of(info, "CgroupVersion") == "2" ? "2" : "1",
              .cpus = std::max(1u, number_of<unsigned>(info, "NCPU"))};
  const std::lock_guard lock{mutex_};
  facts_ = facts;
  return facts;
}

Surroundings DockerEngine::surroundings() {
  const auto known = facts();
  return {.installation = settings_.installation,
          .init = known.about.init,
          .cpus = known.cpus,
          .all_networks = has(known.about.api, Difference::What::many_networks_at_create)};
}

std::vector<std::string> DockerEngine::volumes_of(const std::string& image) {
  {
    const std::lock_guard lock{mutex_};
    if (const auto known = volumes_.find(image); known != volumes_.end()) return known->second;
  }
  const auto volumes = containers_.image_volumes(image);
  const std::lock_guard lock{mutex_};
  return volumes_[image] = volumes;
}

EngineInfo DockerEngine::info() {
  const auto known = facts();
  return {.version = known.about.version,
          .api_version = to_string(known.about.api),
          .cgroup_version = known.cgroup_version};
}

std::vector<domain::CellCount> DockerEngine::cells() const { return cells_.counts(); }

void DockerEngine::tidy() { networks_.tidy(); }

void DockerEngine::stop(ReplicaId replica, std::chrono::milliseconds grace) {
  const auto member = roster_.stopping(replica);
  if (!member) return;
  const auto& container = member->container;
  rouse(*member);
  if (containers_.signal(container, "SIGTERM") && !containers_.await_exit(container, grace)) {
    containers_.signal(container, "SIGKILL");
    containers_.await_exit(container, 10s);
  }
  if (member->output) member->output->await_end(1s);  // removing it takes its unread output away
  containers_.remove(container);
  parked_.remove(replica);
  host_.forget(replica);
  book_.moves_out(replica);
  roster_.remove(replica);
}

std::vector<ReplicaId> DockerEngine::alive() {
  std::set<std::string> living;
  for (const auto& container : containers_.list(settings_.installation)) {
    if (container.running || container.paused) living.insert(container.id);
  }
  std::vector<ReplicaId> replicas;
  for (const auto& member : roster_.running()) {
    const auto holder = parked_.holder_of(member.replica);
    const bool reachable = !holder || living.contains(*holder);
    // Docker tells of an end before its list does.
    if (!member.exit && reachable && living.contains(member.container)) replicas.push_back(member.replica);
  }
  return replicas;
}

}  // namespace hearth::docker
