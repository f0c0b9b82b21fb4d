#include "engines/docker/engine.h"

#include "engines/docker/start_fault.h"
#include "net/await_port.h"
#include "telemetry/log.h"

#include <nlohmann/json.hpp>

namespace hearth::docker {

using domain::Code;
using domain::Layer;
using domain::StartedFrom;
using ports::Address;
using ports::Awaited;
using ports::ReplicaSpec;
using ports::Running;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

void throw_if(const std::stop_token& stop) {
  if (stop.stop_requested()) throw domain::Error(Code::cancelled, Layer::gateway, "the start was cancelled");
}

std::chrono::milliseconds until(domain::Time deadline) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()), 0ms);
}

// A caller did not ask for this container, so "not found" or "conflict" would tell him nothing.
domain::Fault as_start_fault(domain::Fault fault) {
  if (fault.code == Code::not_found && fault.message.find("o such image") != fault.message.npos) {
    fault.hint = "its image was removed from Docker: deploy the function again";
  }
  if (fault.code != Code::timeout && fault.code != Code::cancelled) fault.code = Code::unavailable;
  return fault;
}

// Docker's refusal to join the network of a container that is gone or has ended.
bool is_missing(const domain::Fault& fault) {
  return fault.layer == Layer::engine && (fault.code == Code::not_found || fault.code == Code::conflict);
}

}  // namespace

std::chrono::microseconds DockerEngine::between(domain::Time from, domain::Time to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

Running DockerEngine::start(const ReplicaSpec& spec, std::stop_token stop) {
  const auto begin = Clock::now();
  const ParkedNetworks::Start starting{parked_};
  try {
    throw_if(stop);
    auto made = start_in_cell(spec, begin, stop);
    if (auto* running = std::get_if<Running>(&made)) return std::move(*running);
    const auto from = std::get<StartedFrom>(made);
    auto running = start_by_image(spec, begin, stop);
    running.from = from;
    if (from != StartedFrom::image) {
      telemetry::log::info("a function that cells would have done for started from its image",
                           {{"function", to_string(spec.function)}, {"from", to_string(from)}});
    }
    return running;
  } catch (const domain::Error& error) {
    if (error.fault().layer == Layer::engine) networks_.doubt();
    throw domain::Error(as_start_fault(error.fault()));
  }
}

// A parked network may go away before it is joined, and nobody has told us yet: that is no reason to fail.
Running DockerEngine::start_by_image(const ReplicaSpec& spec, domain::Time begin, const std::stop_token& stop) {
  if (const auto network = parked_.take(joined_kind(spec), spec.id)) {
    try {
      return start_by_image(spec, network, begin, stop);
    } catch (const domain::Error& error) {
      if (!is_missing(error.fault())) throw;
      parked_.doubt();
    }
  }
  return start_by_image(spec, std::nullopt, begin, stop);
}

Running DockerEngine::start_by_image(const ReplicaSpec& spec, const Joined& network, domain::Time begin,
                                     const std::stop_token& stop) {
  std::string container;
  try {
    container = create(spec, network);
    return bring_up(spec, container, network, begin, stop);
  } catch (...) {
    discard(spec.id, container);
    throw;
  }
}

class DockerEngine::Making {
 public:
  Making(DockerEngine& engine, std::string name) : engine_(engine), name_(std::move(name)) {
    const std::lock_guard lock{engine_.mutex_};
    engine_.making_.insert(name_);
  }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;
  ~Making() {
    const std::lock_guard lock{engine_.mutex_};
    engine_.making_.erase(name_);
  }

 private:
  DockerEngine& engine_;
  std::string name_;
};

// The calls to Docker are not broken off by a stop: it would go on making what nobody waits for.
std::string DockerEngine::create(const ReplicaSpec& spec, const Joined& joined) {
  networks_.check(spec.network.attach, spec.network.egress);
  networks_.ensure(network_kind(spec));
  auto around = surroundings();
  around.volumes = volumes_of(spec.image);
  if (joined) around.parked = joined->container;
  const auto name = container_name(settings_.installation, spec);
  const auto kind = network_kind(spec);
  std::string container;
  const Making making(*this, name);
  try {
    if (serves_socket(spec)) around.socket_folder = host_.make_socket_folder(spec.id, ports::kReplicaUser);
    container = containers_.create(name, create_body(spec, around).dump());
    const bool by_socket = serves_socket(spec);
    const auto network = network_name(settings_.installation, kind);
    host_.remember(spec.id, write_record({.container = container,
                                          .function = spec.function,
                                          .revision = spec.revision,
                                          .templated = by_socket,
                                          .network = by_socket && !spec.debug ? "" : network,
                                          .debug = spec.debug,
                                          .pids = spec.limits.pids,
                                          .parked = around.parked}));
    if (!around.all_networks) {
      for (const auto& network : spec.network.attach) networks_.connect(container, network);
    }
    return container;
  } catch (const domain::Error& error) {
    // After a timeout Docker may still have made it.
    if (container.empty() && error.fault().code == Code::timeout) container = name;
    discard(spec.id, container);
    throw;
  }
}

Running DockerEngine::bring_up(const ReplicaSpec& spec, const std::string& container, const Joined& network,
                               domain::Time begin, const std::stop_token& stop) {
  const auto deadline = begin + spec.start_timeout;
  roster_.add({.replica = spec.id, .container = container});
  throw_if(stop);
  containers_.start(container);
  const auto started = Clock::now();
  std::shared_ptr<Following> output;
  while (true) {
    // Its output ends when it does, so whoever comes first ends the waiting.
    std::stop_source halt;
    const std::stop_callback chain{stop, [&halt] { halt.request_stop(); }};
    const auto ended = [halt]() mutable { halt.request_stop(); };
    if (output) {
      followers_.resume(container, output, ended);
    } else {
      output = followers_.follow(container, spec.id, spec.function, ended);
      roster_.set_output(spec.id, output);
      watch_processes(spec.id, container, spec.limits.pids, output);
    }
    const auto address = await_listening(spec, container, network, deadline, halt.get_token());
    throw_if(stop);
    if (address && roster_.started(spec.id)) {
      output->drop_tail();
      if (output->doubt(Clock::now()) != Following::Doubt::none) upkeep_.ask();  // it was none of its until now
      return {.address = *address,
              .created = between(begin, started),
              .loaded = between(started, Clock::now()),
              .debugger = debugger_of(spec, container)};
    }
    if (!halt.stop_requested() && !address) fail_late(spec, container, *output);
    if (auto exit = containers_.await_exit(container, std::min<std::chrono::milliseconds>(until(deadline), 5s))) {
      fail_ended(spec, container, *exit, *output);
    }
    if (until(deadline) == 0ms) fail_late(spec, container, *output);
    // It lives, so only our reading broke off.
  }
}

// What is refused a process says so in its own words, if at all: why, its log tells.
void DockerEngine::watch_processes(domain::ReplicaId replica, const std::string& container, std::uint32_t pids,
                                   const std::shared_ptr<Following>& output) {
  host_.watch_processes(replica, container, [output, pids] {
    output->note("hearth: refused another process or thread: limits.pids is " + std::to_string(pids) +
                 "; raise it, or find what starts so many");
  });
}

// Its address once it listens; nothing when the time is over or `halt` came first.
std::optional<Address> DockerEngine::await_listening(const ReplicaSpec& spec, const std::string& container,
                                                     const Joined& joined, domain::Time deadline,
                                                     const std::stop_token& halt) {
  if (serves_socket(spec)) {
    const auto awaited = host_.await_socket(spec.id, container, until(deadline), halt);
    if (awaited != Awaited::listening) return std::nullopt;
    return ports::UnixAddress{.replica = spec.id, .owner = container};
  }
  const auto host = joined ? std::optional{joined->address} : own_address(spec, container);
  if (!host) {
    containers_.await_exit(container, until(deadline), halt);
    return std::nullopt;
  }
  if (net::await_port(*host, kPort, until(deadline), halt) != net::PortState::accepts) return std::nullopt;
  return ports::TcpAddress{.host = *host, .port = kPort};
}

// Nothing where it has none, or does not run any more.
std::optional<std::string> DockerEngine::own_address(const ReplicaSpec& spec, const std::string& container) {
  const auto inspected = containers_.inspect(container);
  const auto network = network_name(settings_.installation, network_kind(spec));
  if (!inspected || !inspected->running || !inspected->addresses.contains(network)) return std::nullopt;
  return inspected->addresses.at(network);
}

// On the bridge alone, which leads nowhere from other machines: no port is published.
std::optional<ports::TcpAddress> DockerEngine::debugger_of(const ReplicaSpec& spec, const std::string& container) {
  if (!spec.debug) return std::nullopt;
  const auto host = own_address(spec, container);
  if (!host) return std::nullopt;
  return ports::TcpAddress{.host = *host, .port = kDebuggerPort};
}

void DockerEngine::fail_late(const ReplicaSpec& spec, const std::string& container, const Following& output) {
  const auto inspected = containers_.inspect(container);
  if (!inspected || !inspected->running) {
    fail_ended(spec, container, inspected ? inspected->exit : ports::Exit{.code = kKilled}, output);
  }
  throw domain::Error(never_listened(spec, listeners_of(inspected->pid), output.tail()));
}

void DockerEngine::fail_ended(const ReplicaSpec& spec, const std::string& container, ports::Exit exit,
                              const Following& output) {
  output.await_end(1s);
  exit.memory_peak = roster_.memory_peak(container);
  throw domain::Error(ended_early(spec, exit, output.tail()));
}

// Away with all of a failed start. Where Docker does not let us now, upkeep() tries again, and recover() after a
// restart of ours.
void DockerEngine::discard(domain::ReplicaId replica, const std::string& container,
                           const std::stop_token& stop) noexcept {
  roster_.stopping(replica);
  try {
    if (!container.empty()) {
      rouse(container);
      containers_.remove(container, stop);
    }
    parked_.remove(replica, stop);
    host_.forget(replica);
    book_.moves_out(replica);
  } catch (const domain::Error&) {  // the start's own fault is the one to tell
    const std::lock_guard lock{mutex_};
    doomed_[replica] = container;
    upkeep_.ask();
  }
  roster_.remove(replica);
}

}  // namespace hearth::docker
