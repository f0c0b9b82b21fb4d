// A start in a cell: the container runs, its language is up, and what it lacks is given to it.
#include "engines/docker/engine.h"

#include "engines/docker/start_fault.h"
#include "telemetry/log.h"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hearth::docker {

using domain::StartedFrom;
using ports::ReplicaSpec;
using ports::Running;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

void DockerEngine::expect(const ReplicaSpec& spec) {
  if (keeps_cells()) book_.expect(spec);
  parked_.expect(spec.function, !spec.in_cell || !keeps_cells() ? joined_kind(spec) : NetworkKind::none);
}

void DockerEngine::expect_none(const domain::FunctionName& function) {
  if (keeps_cells()) book_.forget(function);
  parked_.expect(function, NetworkKind::none);
}

std::optional<std::string> DockerEngine::obstacle_to_cells(const std::string& image, const domain::Limits& limits) {
  if (!keeps_cells()) return "hearthd keeps no cells: cells_max is 0";
  return book_.obstacle(image, limits);
}

// Docker's own program in the container counts as one of its processes.
ports::Allowance DockerEngine::allowance(const ReplicaSpec& spec) {
  const auto known = facts();
  return {.memory = spec.limits.memory,
          .cpu_millis = std::clamp<std::uint32_t>(spec.limits.cpu_millis, 10, known.cpus * 1000),
          .processes = spec.limits.pids + (known.about.init ? 1 : 0)};
}

std::variant<Running, StartedFrom> DockerEngine::start_in_cell(const ReplicaSpec& spec, domain::Time begin,
                                                               const std::stop_token& stop) {
  if (!spec.in_cell || !keeps_cells()) return StartedFrom::image;
  book_.moves_in(spec.id, spec.image);
  const auto found = book_.seat(spec);
  auto instead = StartedFrom::image;
  if (const auto* seat = std::get_if<Seat>(&found)) {
    instead = StartedFrom::image_for_no_cell;
    while (auto cell = cells_.take(seat->kind)) {
      book_.moves_in(spec.id, spec.image);  // a cell that failed has let go of it
      instead = StartedFrom::image_for_lost_cells;
      const auto untold = furnish(spec, *seat, *cell);
      if (!untold) continue;
      if (auto running = move_in(spec, *seat, *cell, *untold, begin, stop)) return *running;
    }
  } else {
    instead = std::get<StartedFrom>(found);
  }
  book_.moves_out(spec.id);
  return instead;
}

// What becomes of the cell is written down, and its container gets what the function is given, before it hears of it.
std::optional<DockerEngine::Untold> DockerEngine::furnish(const ReplicaSpec& spec, const Seat& seat, const Cell& cell) {
  roster_.add({.replica = spec.id, .container = cell.container});
  try {
    host_.become(cell.id, spec.id,
                 write_record({.container = cell.container,
                               .function = spec.function,
                               .revision = spec.revision,
                               .templated = true,
                               .pids = spec.limits.pids,
                               .package = spec.image}));
    if (packages_.way() == PackageWay::bound) host_.bind_package(spec.id, seat.package);
    return allow(spec, seat.kind, cell.container);
  } catch (const domain::Error& error) {
    telemetry::log::warn("a cell could not be made a replica",
                         {{"function", to_string(spec.function)}, {"reason", error.what()}});
    discard(spec.id, cell.container);
    host_.forget(cell.id);
    return std::nullopt;
  }
}

// Docker takes some ten milliseconds for what we may write ourselves at once, and is told of it afterwards.
DockerEngine::Untold DockerEngine::allow(const ReplicaSpec& spec, const CellKind& kind, const std::string& container) {
  const auto allowed = allowance(spec);
  if (allowed == allowance(spec_of_cell(spec.id, kind))) return Untold::nothing;
  if (host_.allow(container, allowed)) return Untold::allowance;
  containers_.update(container, update_body(allowed).dump());
  return Untold::nothing;
}

Parcel DockerEngine::parcel_of(const Seat& seat) const {
  if (packages_.way() == PackageWay::bound) return {};
  Parcel parcel{.file = ports::Descriptor{::open(seat.package.c_str(), O_RDONLY | O_CLOEXEC)}};
  struct stat status {};
  if (!parcel.file || ::fstat(parcel.file.get(), &status) != 0) {
    throw domain::Error(domain::Code::unavailable, domain::Layer::gateway,
                        "open the package " + seat.package.string() + ": " + std::strerror(errno));
  }
  parcel.size = static_cast<std::uint64_t>(status.st_size);
  return parcel;
}

// Nothing where the cell ended before it heard all that makes it a function: that is not the function's doing.
std::optional<Running> DockerEngine::move_in(const ReplicaSpec& spec, const Seat& seat, Cell& cell, Untold untold,
                                             domain::Time begin, const std::stop_token& stop) {
  const auto& container = cell.container;
  const auto output = followers_.follow(container, spec.id, spec.function, [] {});
  roster_.set_output(spec.id, output);
  try {
    const auto handed = Clock::now();
    const auto parcel = parcel_of(seat);
    const auto heard =
        cell.link.hand_over(handover_line(spec, seat.recipe, parcel.size), parcel, begin + spec.start_timeout, stop);
    if (heard == CellLink::Heard::unheard) {
      discard(spec.id, container);
      return std::nullopt;
    }
    if (heard == CellLink::Heard::cancelled) {
      throw domain::Error(domain::Code::cancelled, domain::Layer::gateway, "the start was cancelled");
    }
    if (heard == CellLink::Heard::timed_out) fail_late(spec, container, *output);
    if (heard == CellLink::Heard::ended || !roster_.started(spec.id)) {
      const auto exit = containers_.await_exit(container, 5s).value_or(ports::Exit{.code = kKilled});
      fail_ended(spec, container, exit, *output);
    }
    output->drop_tail();
    cells_.later([this, spec, untold, container, output] { settle_in(spec, untold, container, output); });
    return Running{.address = ports::UnixAddress{.replica = spec.id, .owner = container},
                   .created = between(begin, handed),
                   .loaded = between(handed, Clock::now()),
                   .from = StartedFrom::cell};
  } catch (...) {
    discard(spec.id, container);
    throw;
  }
}

// What no call waits for.
void DockerEngine::settle_in(const ReplicaSpec& spec, Untold untold, const std::string& container,
                             const std::shared_ptr<Following>& output) {
  if (!roster_.knows(container)) return;  // it has ended meanwhile
  watch_processes(spec.id, container, spec.limits.pids, output);
  // Docker's view of the limits, or what else it changes would set them back.
  if (untold == Untold::allowance) containers_.update(container, update_body(allowance(spec)).dump());
}

}  // namespace hearth::docker
