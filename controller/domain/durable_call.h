// A call that is stored before it is acknowledged and runs at least once: its record, and what one attempt makes of it.
#pragma once

#include "domain/function.h"
#include "domain/time.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hearth::domain {

enum class CallState : std::uint8_t {
  queued,     // waits for its first attempt or its next, or is being tried
  succeeded,  // a function's answer below 400
  dead,       // given up: a dead letter, which can be redriven
  cancelled,  // by whoever asked for it, before it succeeded
};

std::string_view name(CallState state);  // "queued"
std::optional<CallState> parse_call_state(std::string_view text);

// 32 lower-case hex digits, the first a decimal one.
bool is_call_id(std::string_view text) noexcept;

// How one attempt ended.
struct Attempt {
  std::uint32_t number = 0;  // from 1
  WallTime started{};
  WallTime ended{};
  int status = 0;      // of the function's answer; 0: there was none
  std::string reason;  // why it failed; empty: it succeeded
  bool operator==(const Attempt&) const = default;
};

// What came of handing a call to its function.
struct Outcome {
  int status = 0;  // of the function's answer; 0: there was none
  // Where there was no answer. Of the layers engine, gateway and limit it says that the function was never asked.
  std::optional<Fault> fault = {};
  std::optional<std::chrono::seconds> retry_after = {};  // what the answer asked for
};

struct Done {};
struct Retry {
  WallTime due;
  std::string reason;
  bool counts = true;  // false: the function was not asked, and this was no attempt
};
struct GiveUp {
  std::string reason;
};
using Verdict = std::variant<Done, Retry, GiveUp>;

// What attempts came to, as they are counted.
enum class AttemptEnding : std::uint8_t { succeeded, retried, given_up, not_asked, cancelled };
inline constexpr std::size_t kAttemptEndings = 5;
std::string_view name(AttemptEnding ending);  // "given_up"
AttemptEnding ending_of(const Verdict& verdict, const Outcome& outcome);

// Of one function, as it is now.
struct DurableCallStats {
  FunctionName function;
  std::uint64_t queued = 0;
  std::uint32_t running = 0;                              // of those
  std::optional<WallTime> first_due = {};                 // of those that do not run
  std::array<std::uint64_t, kAttemptEndings> attempts{};  // since hearthd started
};

// `attempt` has just ended so at `now`; `misses` times in a row before it the function was not asked. `random` is
// uniform in [0, 1). Waits are exponential with full jitter (Brooker, "Exponential Backoff And Jitter", 2015): between
// nothing and the backoff doubled with each attempt; a Retry-After is waited for before that, up to a day.
Verdict judge(const RetryPolicy& policy, std::uint32_t attempt, std::uint32_t misses, const Outcome& outcome,
              WallTime now, double random);

}  // namespace hearth::domain
