// What a function's calls came to and what its replicas took: values that only grow, added up by function and day.
#pragma once

#include "domain/error.h"
#include "domain/function.h"
#include "domain/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::domain {

// How a call ended. Each call ends in exactly one way, however many replicas it was tried on.
enum class Ending : std::uint8_t {
  succeeded,    // the function answered below 300
  redirected,   // … with 3xx
  rejected,     // … with 4xx: the function's own refusal
  failed,       // … with 5xx
  died,         // its process or its protocol failed before the answer was whole
  timed_out,    // the deadline passed while it worked
  left,         // the client left first
  bad_request,  // the request's body was malformed, too long or too slow, or the function was just deleted
  // It never reached a replica; whose fault that was:
  refused_by_limit,
  refused_by_gateway,
  refused_by_engine,
  refused_by_function,
};
inline constexpr std::size_t kEndings = 12;

constexpr std::string_view name(Ending ending) {
  constexpr std::array<std::string_view, kEndings> kNames{"succeeded",
                                                          "redirected",
                                                          "rejected",
                                                          "failed",
                                                          "died",
                                                          "timed_out",
                                                          "left",
                                                          "bad_request",
                                                          "refused_by_limit",
                                                          "refused_by_gateway",
                                                          "refused_by_engine",
                                                          "refused_by_function"};
  return kNames[static_cast<std::size_t>(ending)];
}

constexpr Ending answered(int status) {
  if (status >= 500) return Ending::failed;
  if (status >= 400) return Ending::rejected;
  return status >= 300 ? Ending::redirected : Ending::succeeded;
}

constexpr Ending refused_by(Layer layer) {
  switch (layer) {
    case Layer::limit: return Ending::refused_by_limit;
    case Layer::engine: return Ending::refused_by_engine;
    case Layer::function: return Ending::refused_by_function;
    case Layer::client: return Ending::bad_request;
    case Layer::gateway: break;
  }
  return Ending::refused_by_gateway;
}

// Whether whoever runs the function has to look at it; a client's own faults and the function's 4xx are none.
constexpr bool is_error(Ending ending) {
  return ending == Ending::failed || ending == Ending::died || ending == Ending::timed_out ||
         ending >= Ending::refused_by_limit;
}

// Memory held for a time, exactly: what GB-seconds are shown of. A GB is 2^30 bytes, as in limits.memory.
struct MemoryTime {
  std::uint64_t kib_ms = 0;

  constexpr double gb_seconds() const { return static_cast<double>(kib_ms) / (1024.0 * 1024.0 * 1000.0); }
  auto operator<=>(const MemoryTime&) const = default;
};

struct Usage {
  std::array<std::uint64_t, kEndings> calls{};  // by Ending
  std::uint64_t cold_starts = 0;                // replicas that were started and listened
  std::uint64_t failed_starts = 0;
  // Memory limit × time of replicas, each moment of a replica in one of these:
  MemoryTime busy;          // with a call in flight, or several: what the function's calls cost
  MemoryTime initializing;  // from create until it listened, or until that failed
  MemoryTime idle;          // warm without a call, or ending: the operator's own cost
  MemoryTime frozen;        // the same, without CPU

  std::uint64_t& of(Ending ending) { return calls[static_cast<std::size_t>(ending)]; }
  std::uint64_t of(Ending ending) const { return calls[static_cast<std::size_t>(ending)]; }
  std::uint64_t all_calls() const;
  std::uint64_t errors() const;
  bool operator==(const Usage&) const = default;
};
Usage& operator+=(Usage& usage, const Usage& more);
// What was added since `before`, an earlier state of the same.
Usage operator-(const Usage& usage, const Usage& before);

// A day of the calendar in UTC.
using Day = std::chrono::sys_days;
inline Day day_of(WallTime time) { return std::chrono::floor<std::chrono::days>(time); }
std::string format_day(Day day);                      // "2026-11-25"
std::optional<Day> parse_day(std::string_view text);  // only of that form, and only of a day that there is

struct DayUsage {
  Day day{};
  FunctionName function;
  Usage usage;
};

}  // namespace hearth::domain
