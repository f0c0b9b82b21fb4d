// The life of one replica, as a whole table: (life, event) → (life, effects). Pure: no I/O, no clock, no thread.
// Users see State; Phase is State with Warm's frozen half told apart. Draining and stopping are attributes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::domain {

using ReplicaId = std::uint64_t;  // never used twice, also across restarts

std::string format_replica(ReplicaId replica);  // 16 lower-case hex digits
std::optional<ReplicaId> parse_replica(std::string_view text);

enum class State : std::uint8_t { cold, initializing, warm, executing, error };
enum class Phase : std::uint8_t { cold, initializing, warm, freezing, frozen, thawing, executing, error };

enum class Event : std::uint8_t {
  trigger,     // something wants it
  loaded,      // the engine says it listens
  failed,      // it did not start, died, or broke its protocol
  call,        // its first call in flight was granted
  done,        // its last call in flight ended
  freeze,      // it has been idle for a moment
  frozen,      // the freezer confirmed
  not_frozen,  // it could not be, or had better not
  thaw,        // a call wants it
  thawed,      // the freezer confirmed
  not_thawed,  // it would not
  drain,       // no new calls; stop when the last one ends
  recall,      // its drain is taken back
  stop,        // idle for long, drained, or deleted
  gone,        // the engine confirmed that nothing of it is left
};

enum class Act : std::uint8_t { start, stop, freeze, thaw };

struct Life {
  Phase phase = Phase::cold;
  bool draining = false;
  bool stopping = false;
  bool operator==(const Life&) const = default;
};

struct Step {
  Life life;
  std::array<std::optional<Act>, 2> acts = {};  // to carry out in this order
  bool operator==(const Step&) const = default;
};

// What `event` makes of `life`; nothing where it has no meaning there, and the caller must not have sent it.
constexpr std::optional<Step> next(const Life& life, Event event) {
  const auto to = [&](Phase phase, std::optional<Act> first = {}, std::optional<Act> second = {}) {
    return Step{{phase, life.draining, life.stopping}, {first, second}};
  };
  const auto stopping = [&](std::optional<Act> first, std::optional<Act> second = {}) {
    return Step{{life.phase, life.draining, true}, {first, second}};
  };
  if (event == Event::gone) return life.phase == Phase::cold ? std::nullopt : std::optional{Step{}};
  if (life.phase == Phase::cold) {
    return event == Event::trigger ? std::optional{Step{{Phase::initializing}, {Act::start}}} : std::nullopt;
  }
  if (event == Event::failed && life.phase == Phase::error) return std::nullopt;
  if (life.stopping) {
    // Its stop is under way: what it still reports changes nothing, and nothing more is asked of it.
    const bool report = event == Event::loaded || event == Event::failed || event == Event::frozen ||
                        event == Event::not_frozen || event == Event::thawed || event == Event::not_thawed ||
                        event == Event::drain || event == Event::stop;
    return report ? std::optional{Step{life}} : std::nullopt;
  }
  const bool stuck = life.phase == Phase::thawing && event == Event::not_thawed;
  const bool icy = life.phase == Phase::freezing || life.phase == Phase::frozen || stuck;
  if (event == Event::drain) {
    return life.phase == Phase::error ? std::nullopt : std::optional{Step{{life.phase, true, false}}};
  }
  if (event == Event::recall) {
    const bool back = life.draining && life.phase != Phase::error;
    return back ? std::optional{Step{{life.phase, false, false}}} : std::nullopt;
  }
  if (event == Event::failed || stuck) {
    // A frozen process cannot even be killed: thawed first.
    Step step = icy ? to(Phase::error, Act::thaw, Act::stop) : to(Phase::error, Act::stop);
    step.life.stopping = true;
    return step;
  }
  if (event == Event::stop) {
    if (life.phase == Phase::executing || life.phase == Phase::error) return std::nullopt;
    return icy ? stopping(Act::thaw, Act::stop) : stopping(Act::stop);
  }
  switch (life.phase) {
    case Phase::initializing:
      if (event == Event::loaded) return to(Phase::warm);
      break;
    case Phase::warm:
      if (event == Event::call && !life.draining) return to(Phase::executing);
      if (event == Event::freeze && !life.draining) return to(Phase::freezing, Act::freeze);
      break;
    case Phase::freezing:
      if (event == Event::frozen) return to(Phase::frozen);
      if (event == Event::not_frozen) return to(Phase::warm);
      if (event == Event::thaw) return to(Phase::thawing, Act::thaw);
      break;
    case Phase::frozen:
      if (event == Event::thaw) return to(Phase::thawing, Act::thaw);
      break;
    case Phase::thawing:
      // The freeze that the thaw follows.
      if (event == Event::frozen || event == Event::not_frozen) return Step{life};
      if (event == Event::thawed) return to(Phase::warm);
      break;
    case Phase::executing:
      if (event == Event::done) return to(Phase::warm);
      break;
    case Phase::cold:
    case Phase::error: break;
  }
  return std::nullopt;
}

constexpr State state_of(Phase phase) {
  switch (phase) {
    case Phase::cold: return State::cold;
    case Phase::initializing: return State::initializing;
    case Phase::warm:
    case Phase::freezing:
    case Phase::frozen:
    case Phase::thawing: return State::warm;
    case Phase::executing: return State::executing;
    case Phase::error: return State::error;
  }
  return State::error;
}

constexpr std::string_view name(State state) {
  constexpr std::array<std::string_view, 5> kNames{"cold", "initializing", "warm", "executing", "error"};
  return kNames[static_cast<std::size_t>(state)];
}
constexpr std::string_view name(Phase phase) {
  constexpr std::array<std::string_view, 8> kNames{"cold",   "initializing", "warm",      "freezing",
                                                   "frozen", "thawing",      "executing", "error"};
  return kNames[static_cast<std::size_t>(phase)];
}
constexpr std::string_view name(Event event) {
  constexpr std::array<std::string_view, 15> kNames{"trigger",    "loaded", "failed",     "call", "done",
                                                    "freeze",     "frozen", "not_frozen", "thaw", "thawed",
                                                    "not_thawed", "drain",  "recall",     "stop", "gone"};
  return kNames[static_cast<std::size_t>(event)];
}

static_assert(next({Phase::cold}, Event::trigger)->life.phase == Phase::initializing);
static_assert(!next({Phase::cold}, Event::call), "a cold replica is never given a call");
static_assert(!next({Phase::frozen}, Event::call), "nor a frozen one");
static_assert(!next({Phase::executing}, Event::stop), "and none is stopped while it executes");

}  // namespace hearth::domain
