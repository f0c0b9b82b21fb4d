// A start in a cell: the container runs, its language is up, and what it lacks is given to it.
#include "engines/docker/engine.h"

#include "engines/docker/start_fault.h"
#include "telemetry/log.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hearth::docker {

using ports::ReplicaSpec;
using ports::Running;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

void DockerEngine::expect(const ReplicaSpec& spec) {
  const bool has_cells = !obstacle_to_cells();
  if (has_cells) book_.expect(spec);
  parked_.expect(spec.function, !spec.in_cell || !has_cells ? joined_kind(spec) : NetworkKind::none);
}

void DockerEngine::expect_none(const domain::FunctionName& function) {
  if (!obstacle_to_cells()) book_.forget(function);
  parked_.expect(function, NetworkKind::none);
}

std::optional<std::string> DockerEngine::obstacle_to_cells() {
  if (settings_.cells.max == 0) return "hearthd keeps no cells: cells_max is 0";
  if (!host_.can_bind()) return "hearthd may mount nothing that Docker sees: run it as root beside Docker";
  return std::nullopt;
}

// Docker's own program in the container counts as one of its processes.
ports::Allowance DockerEngine::allowance(const ReplicaSpec& spec) {
  const auto known = facts();
  return {.memory = spec.limits.memory,
          .cpu_millis = std::clamp<std::uint32_t>(spec.limits.cpu_millis, 10, known.cpus * 1000),
          .processes = spec.limits.pids + (known.about.init ? 1 : 0)};
}

std::optional<Running> DockerEngine::start_in_cell(const ReplicaSpec& spec, domain::Time begin,
                                                   const std::stop_token& stop) {
  if (!spec.in_cell || obstacle_to_cells()) return std::nullopt;
  book_.moves_in(spec.id, spec.image);
  if (const auto seat = book_.seat(spec)) {
    while (auto cell = cells_.take(seat->kind)) {
      book_.moves_in(spec.id, spec.image);  // a cell that failed has let go of it
      if (!furnish(spec, *seat, *cell)) continue;
      if (auto running = move_in(spec, *seat, *cell, begin, stop)) return running;
    }
  }
  book_.moves_out(spec.id);
  return std::nullopt;
}

// What becomes of the cell is written down, and its container gets what the function is given, before it hears of it.
bool DockerEngine::furnish(const ReplicaSpec& spec, const Seat& seat, const Cell& cell) {
  roster_.add({.replica = spec.id, .container = cell.container});
  try {
    host_.become(cell.id, spec.id,
                 write_record({.container = cell.container,
                               .function = spec.function,
                               .revision = spec.revision,
                               .templated = true,
                               .pids = spec.limits.pids,
                               .package = spec.image}));
    host_.bind_package(spec.id, seat.package);
    if (needs_allowance(spec, seat.kind) && !host_.allow(cell.container, allowance(spec))) {
      throw domain::Error(domain::Code::unavailable, domain::Layer::gateway, "its limits cannot be set");
    }
    return true;
  } catch (const domain::Error& error) {
    telemetry::log::warn("a cell could not be made a replica",
                         {{"function", to_string(spec.function)}, {"reason", error.what()}});
    discard(spec.id, cell.container);
    host_.forget(cell.id);
    return false;
  }
}

bool DockerEngine::needs_allowance(const ReplicaSpec& spec, const CellKind& kind) {
  return allowance(spec) != allowance(spec_of_cell(spec.id, kind));
}

// Nothing where the cell ended before it heard anything: that is not the function's doing.
std::optional<Running> DockerEngine::move_in(const ReplicaSpec& spec, const Seat& seat, Cell& cell, domain::Time begin,
                                             const std::stop_token& stop) {
  const auto& container = cell.container;
  const auto output = followers_.follow(container, spec.id, spec.function, [] {});
  roster_.set_output(spec.id, output);
  try {
    const auto handed = Clock::now();
    const auto heard = cell.link.hand_over(handover_line(spec, seat.recipe), begin + spec.start_timeout, stop);
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
    cells_.later([this, spec, kind = seat.kind, container, output] { settle_in(spec, kind, container, output); });
    return Running{.address = ports::UnixAddress{.replica = spec.id, .owner = container},
                   .created = between(begin, handed),
                   .loaded = between(handed, Clock::now())};
  } catch (...) {
    discard(spec.id, container);
    throw;
  }
}

// What no call waits for.
void DockerEngine::settle_in(const ReplicaSpec& spec, const CellKind& kind, const std::string& container,
                             const std::shared_ptr<Following>& output) {
  if (!roster_.knows(container)) return;  // it has ended meanwhile
  watch_processes(spec.id, container, spec.limits.pids, output);
  // Docker's view of the limits, or what else it changes would set them back.
  if (needs_allowance(spec, kind)) containers_.update(container, update_body(allowance(spec)).dump());
}

}  // namespace hearth::docker
