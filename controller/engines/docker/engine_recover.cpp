#include "engines/docker/engine.h"

#include "net/await_port.h"

namespace hearth::docker {

using domain::ReplicaId;
using ports::Found;
using namespace std::chrono_literals;

// Two proofs, neither of them a plain label: our own records know the container's id, or it bears our mark.
std::vector<Found> DockerEngine::recover() {
  std::vector<Found> found;
  for (const auto& [replica, text] : host_.remembered()) {
    const auto record = read_record(text);
    auto living = record ? adopt(replica, *record) : std::nullopt;
    if (living) {
      found.push_back(std::move(*living));
      continue;
    }
    if (record) {
      discard(replica, record->container);
    } else {
      host_.forget(replica);
    }
  }
  remove_orphans();
  return found;
}

std::optional<Found> DockerEngine::adopt(ReplicaId replica, const Record& record) {
  const auto container = containers_.inspect(record.container);
  if (!container || container->id != record.container || !container->running || container->paused) return std::nullopt;
  ports::Address address = ports::UnixAddress{.replica = replica, .owner = record.container};
  if (!record.templated) {
    const auto known = container->addresses.find(record.network);
    if (known == container->addresses.end()) return std::nullopt;
    address = ports::TcpAddress{.host = known->second, .port = kPort};
  }
  if (!answers(address)) return std::nullopt;
  roster_.add({.replica = replica, .container = record.container, .state = MemberState::running});
  roster_.set_output(replica, followers_.join(record.container, replica, record.function));
  return Found{
      .id = replica, .function = record.function, .revision = record.revision, .running = {.address = address}};
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
    containers_.remove(container.id);
  }
}

}  // namespace hearth::docker
