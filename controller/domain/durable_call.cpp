#include "domain/durable_call.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hearth::domain {
namespace {

constexpr std::array<std::pair<CallState, std::string_view>, 4> kStates{{
    {CallState::queued, "queued"},
    {CallState::succeeded, "succeeded"},
    {CallState::dead, "dead"},
    {CallState::cancelled, "cancelled"},
}};

constexpr std::array<std::string_view, kAttemptEndings> kAttemptNames{"succeeded", "retried", "given_up", "not_asked",
                                                                      "cancelled"};

constexpr std::chrono::hours kLongestRetryAfter{24};

// Whether the same request could be answered otherwise another time (RFC 9110 §15.5.9, RFC 8470, RFC 6585).
constexpr bool may_pass(int status) { return status >= 500 || status == 408 || status == 425 || status == 429; }

bool was_asked(const Outcome& outcome) {
  if (!outcome.fault) return true;
  return outcome.fault->layer == Layer::function || outcome.fault->layer == Layer::client;
}

// The same call will never be served otherwise: it is wrong, too large, unwanted, or its function is gone.
bool is_final(const Outcome& outcome) {
  if (!outcome.fault) return !may_pass(outcome.status);
  switch (outcome.fault->code) {
    case Code::invalid:
    case Code::unprocessable:
    case Code::denied:
    case Code::not_found:
    case Code::cancelled: return true;
    default: return false;
  }
}

std::string reason_of(const Outcome& outcome) {
  if (outcome.fault) return outcome.fault->message;
  return "the function answered " + std::to_string(outcome.status);
}

std::chrono::milliseconds wait(const RetryPolicy& policy, std::uint32_t failures, const Outcome& outcome,
                               double random) {
  const auto doublings = std::min<std::uint32_t>(failures == 0 ? 0 : failures - 1, 30);
  const auto most = std::min(policy.max_backoff, policy.backoff * (std::int64_t{1} << doublings));
  const std::chrono::milliseconds jittered{static_cast<std::int64_t>(static_cast<double>(most.count()) * random)};
  auto asked = outcome.retry_after;
  if (!asked && outcome.fault) asked = outcome.fault->retry_after;
  return jittered + std::min<std::chrono::milliseconds>(asked.value_or(std::chrono::seconds{0}), kLongestRetryAfter);
}

}  // namespace

std::string_view name(CallState state) {
  for (const auto& [known, text] : kStates) {
    if (known == state) return text;
  }
  return "queued";
}

std::optional<CallState> parse_call_state(std::string_view text) {
  for (const auto& [state, known] : kStates) {
    if (known == text) return state;
  }
  return std::nullopt;
}

bool is_call_id(std::string_view text) noexcept {
  return text.size() == 32 && text.front() >= '0' && text.front() <= '9' &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string_view name(AttemptEnding ending) { return kAttemptNames[static_cast<std::size_t>(ending)]; }

AttemptEnding ending_of(const Verdict& verdict, const Outcome& outcome) {
  if (outcome.fault && outcome.fault->code == Code::cancelled) return AttemptEnding::cancelled;
  if (std::holds_alternative<Done>(verdict)) return AttemptEnding::succeeded;
  if (const auto* retry = std::get_if<Retry>(&verdict)) {
    return retry->counts ? AttemptEnding::retried : AttemptEnding::not_asked;
  }
  return AttemptEnding::given_up;
}

Verdict judge(const RetryPolicy& policy, std::uint32_t attempt, std::uint32_t misses, const Outcome& outcome,
              WallTime now, double random) {
  if (!outcome.fault && outcome.status < 400) return Done{};
  auto reason = reason_of(outcome);
  if (is_final(outcome)) return GiveUp{std::move(reason)};
  if (!was_asked(outcome)) return Retry{now + wait(policy, misses + 1, outcome, random), std::move(reason), false};
  if (attempt >= policy.attempts) return GiveUp{std::move(reason)};
  return Retry{now + wait(policy, attempt, outcome, random), std::move(reason), true};
}

}  // namespace hearth::domain
