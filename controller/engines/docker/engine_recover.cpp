#include "engines/docker/engine.h"

#include "net/await_port.h"

#include <algorithm>
#include <cstdlib>

namespace hearth::docker {

using domain::ReplicaId;
using ports::Found;
using namespace std::chrono_literals;

std::vector<Found> DockerEngine::recover() {
  auto found = all_or_none([this](std::vector<Found>& all) { recover_into(all); });
  book_.recovered();
  return found;
}

// What was found before the engine failed is to be found again.
std::vector<Found> DockerEngine::all_or_none(const std::function<void(std::vector<Found>&)>& find) {
  std::vector<Found> found;
  try {
    find(found);
  } catch (...) {
    for (const auto& one : found) release(one.id);
    throw;
  }
  return found;
}

// Two proofs, neither of them a plain label: our own records know the container's id, or it bears our mark.
void DockerEngine::recover_into(std::vector<Found>& found) {
  for (const auto& [replica, text] : host_.remembered()) {
    const auto record = read_record(text);
    if (record && roster_.knows(record->container)) continue;
    if (record && cells_.knows(record->container)) continue;
    auto living = record && !record->idle ? adopt(replica, *record, 0) : std::nullopt;
    if (living) {
      found.push_back(std::move(*living));
      continue;
    }
    if (is_made(replica)) continue;
    if (record) {
      discard(replica, record->container);
    } else {
      host_.forget(replica);
    }
  }
  remove_orphans();
}

std::vector<Found> DockerEngine::adopt(const std::map<ReplicaId, std::string>& replicas) {
  if (replicas.empty()) return {};
  return all_or_none([&](std::vector<Found>& found) {
    for (const auto& [replica, text] : host_.remembered()) {
      const auto given = replicas.find(replica);
      const auto record = read_record(text);
      if (given == replicas.end() || !record || record->idle || roster_.knows(record->container)) continue;
      if (auto living = adopt(replica, *record, std::atoll(given->second.c_str()))) found.push_back(std::move(*living));
    }
  });
}

std::string DockerEngine::release(ReplicaId replica) {
  const auto member = roster_.stopping(replica);
  roster_.remove(replica);
  parked_.release(replica);
  return std::to_string(member && member->output ? member->output->leave() : 0);
}

// `told`: up to when its output is kept already; 0: only what comes is.
std::optional<Found> DockerEngine::adopt(ReplicaId replica, const Record& record, std::int64_t told) {
  if (!record.parked.empty()) parked_.rejoin(replica, record.parked);
  const auto container = containers_.inspect(record.container);
  if (!container || container->id != record.container || !container->running) return std::nullopt;
  if (!try_to_rouse(record.container, container->paused)) return std::nullopt;
  // Its addresses are those of the network that it is in.
  const auto networked = record.parked.empty() ? container : containers_.inspect(record.parked);
  if (!networked || !networked->running) return std::nullopt;
  ports::Address address = ports::UnixAddress{.replica = replica, .owner = record.container};
  std::optional<ports::TcpAddress> debugger;
  const auto known = networked->addresses.find(record.network);
  if (record.debug && known != networked->addresses.end()) {
    debugger = ports::TcpAddress{.host = known->second, .port = kDebuggerPort};
  }
  if (!record.templated) {
    if (known == networked->addresses.end()) return std::nullopt;
    address = ports::TcpAddress{.host = known->second, .port = kPort};
  }
  if (!answers(address)) return std::nullopt;
  roster_.add({.replica = replica, .container = record.container, .state = MemberState::running});
  const auto output = followers_.join(record.container, replica, record.function, told);
  roster_.set_output(replica, output);
  if (!record.package.empty()) book_.moves_in(replica, record.package);
  if (record.pids > 0) watch_processes(replica, record.container, record.pids, output);
  return Found{.id = replica,
               .function = record.function,
               .revision = record.revision,
               .running = {.address = address, .debugger = debugger}};
}

bool DockerEngine::answers(const ports::Address& address) {
  if (const auto* tcp = std::get_if<ports::TcpAddress>(&address)) {
    return net::await_port(tcp->host, tcp->port, 1s, {}) == net::PortState::accepts;
  }
  const auto& socket = std::get<ports::UnixAddress>(address);
  try {
    return host_.await_socket(socket.replica, socket.owner, 1s, {}) == ports::Awaited::listening;
  } catch (const domain::Error&) {  // something else sits in its socket's place: it goes, like one that does not answer
    return false;
  }
}

// Made by us and never written down: we were killed in between, or the machine was started anew and the records, which
// do not outlive it, are gone.
void DockerEngine::remove_orphans() {
  for (const auto& container : containers_.list(settings_.installation)) {
    if (roster_.knows(container.id) || !is_ours(settings_.installation, container.name, container.labels)) continue;
    if (is_made(container.name) || parked_.knows(container)) continue;
    if (cells_.knows(container.id) || cells_.knows(container.name)) continue;
    rouse(container.id);
    containers_.remove(container.id);
  }
}

bool DockerEngine::is_made(const std::string& container) {
  const std::lock_guard lock{mutex_};
  return making_.contains(container);
}

bool DockerEngine::is_made(ReplicaId replica) {
  const std::lock_guard lock{mutex_};
  const auto ending = "-" + domain::format_replica(replica);
  return std::ranges::any_of(making_, [&](const std::string& name) { return name.ends_with(ending); });
}

}  // namespace hearth::docker
