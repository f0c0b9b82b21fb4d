#include "engines/docker/engine.h"

#include "net/pause.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hearth::docker {

using domain::Code;
using domain::Fault;
using domain::Layer;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

std::string events_path(const Installation& installation, std::int64_t since) {
  const json filters{{"type", {"container"}},
                     {"event", {"die", "oom"}},
                     {"label", {std::string{kInstallationLabel} + "=" + installation.id}}};
  return "/events?since=" + unix_seconds(since) + "&filters=" + net::url_encode(filters.dump());
}

// Hands on each whole line and keeps the rest.
template <class OnLine>
void each_line(std::string& buffer, OnLine on_line) {
  std::size_t start = 0;
  for (auto end = buffer.find('\n'); end != buffer.npos; end = buffer.find('\n', start)) {
    on_line(std::string_view{buffer}.substr(start, end - start));
    start = end + 1;
  }
  buffer.erase(0, start);
}

}  // namespace

void DockerEngine::watch(ports::EngineEvents& events, std::stop_token stop) {
  bool away = false;
  auto patience = 20ms;
  const auto opened = [&] {
    patience = 20ms;
    if (!std::exchange(away, false)) return;
    reconnected();
    events.back();
  };
  while (!stop.stop_requested()) {
    Fault why{.code = Code::unavailable, .layer = Layer::engine, .message = "Docker ended its stream of events"};
    try {
      std::string buffer;
      api_.stream(
          {.path = events_path(settings_.installation, last_event_nanos_ + 1),
           .attempt = "tell of its events",
           .timeout = 0ms},
          opened,
          [&](std::string_view piece) {
            buffer += piece;
            each_line(buffer, [&](std::string_view line) {
              if (const auto event = read_event(line)) handle(*event, events);
            });
            return true;
          },
          stop);
    } catch (const domain::Error& error) {
      why = error.fault();
    }
    if (stop.stop_requested()) return;
    if (!std::exchange(away, true)) events.away(why);
    net::pause(std::chrono::steady_clock::now() + patience, stop);
    patience = std::min(patience * 2, 1000ms);
    api_.renegotiate();  // it may come back as another version
  }
}

void DockerEngine::handle(const ContainerEvent& event, ports::EngineEvents& events) {
  last_event_nanos_ = std::max(last_event_nanos_, event.time_nanos);
  if (event.kind == ContainerEvent::Kind::out_of_memory) ran_out(event.id);
  if (event.kind != ContainerEvent::Kind::died) return;
  if (cells_.knows(event.id)) return cells_.doubt();
  if (const auto replica = parked_.ended(event.id)) cut_off(*replica);
  auto ended = roster_.exited(event.id, event.exit_code);
  if (!ended) return;
  auto& [replica, exit] = *ended;
  if (exit.code == kKilled && !exit.out_of_memory && ran_out_of_memory(event.id)) {
    exit.out_of_memory = true;
    ran_out(event.id);
  }
  events.exited(replica, exit);
}

// Its network went with the container that held it, and calls cannot reach it any more: its own end, which follows, is
// what there is to tell.
void DockerEngine::cut_off(domain::ReplicaId replica) noexcept {
  const auto member = roster_.member(replica);
  if (!member) return;
  if (member->output) member->output->note("hearth: its network is gone: the container that held it ended");
  try {
    containers_.signal(member->container, "SIGKILL");
  } catch (const domain::Error&) {  // Docker is away: alive() leaves it out
  }
}

// While Docker still takes down what the kernel killed its group is there, and tells the peak; a moment later it is
// not. Where only a child was killed, the replica goes on, and its log is all that tells.
void DockerEngine::ran_out(const std::string& container) {
  if (!roster_.knows(container)) return;
  const auto memory = host_.memory_of(container);
  const auto output =
      roster_.out_of_memory(container, memory ? memory->peak : std::nullopt, std::chrono::steady_clock::now());
  if (!output) return;
  std::string text = "hearth: out of memory: the kernel killed a process";
  if (memory) text += "; limits.memory is " + domain::to_string(memory->limit);
  if (memory && memory->peak) text += ", the peak was " + domain::to_string(*memory->peak);
  output->note(text);
}

// Docker's word of the memory may come after that of the end.
bool DockerEngine::ran_out_of_memory(const std::string& container) {
  try {
    const auto inspected = containers_.inspect(container);
    return inspected && inspected->exit.out_of_memory;
  } catch (const domain::Error&) {  // the end itself is what must not be lost
    return false;
  }
}

void DockerEngine::reconnected() {
  {
    const std::lock_guard lock{mutex_};
    facts_.reset();
    volumes_.clear();
  }
  networks_.doubt();
  cells_.doubt();
  parked_.doubt();
  keep_up({});
}

// What Docker refused to remove, and output that broke off while its container lives.
bool DockerEngine::keep_up(const std::stop_token& stop) noexcept {
  std::map<domain::ReplicaId, std::string> doomed;
  {
    const std::lock_guard lock{mutex_};
    doomed.swap(doomed_);
  }
  for (const auto& [replica, container] : doomed) discard(replica, container, stop);
  bool broken = false;
  for (const auto& member : roster_.running()) {
    if (!member.output || member.exit) continue;
    if (member.output->ended()) {
      broken = true;
      follow_on(member, stop);
    } else {
      listen_for(member, stop);
    }
  }
  return broken || !doomed.empty();
}

// Where Docker has more than it told, it is asked anew for what came after.
void DockerEngine::listen_for(const Member& member, const std::stop_token& stop) noexcept {
  const auto now = std::chrono::steady_clock::now();
  const auto doubt = member.output->doubt(now);
  if (doubt == Following::Doubt::none) return;
  if (doubt == Following::Doubt::not_yet) return upkeep_.ask();
  try {
    const auto newest = containers_.last_output(member.container, stop);
    if (newest > member.output->settle_doubt(now)) followers_.break_off(*member.output);
  } catch (const domain::Error&) {  // Docker is away or refuses: later
    upkeep_.ask();
  }
}

void DockerEngine::follow_on(const Member& member, const std::stop_token& stop) noexcept {
  try {
    const auto container = containers_.inspect(member.container, stop);
    if (container && container->running) followers_.resume(member.container, member.output);
  } catch (const domain::Error&) {  // Docker is away or refuses: later
    upkeep_.ask();
  }
}

}  // namespace hearth::docker
