#include "control/faults.h"

#include <algorithm>

namespace hearth::control {

using domain::Code;
using domain::Fault;
using domain::FunctionName;
using domain::Layer;
using domain::Refusal;

namespace {

std::chrono::seconds at_least_a_second(std::chrono::milliseconds duration) {
  return std::max(std::chrono::seconds{1}, std::chrono::ceil<std::chrono::seconds>(duration));
}

}  // namespace

Fault held_to_its_deadline(std::string_view function) {
  return {.code = Code::timeout,
          .layer = Layer::gateway,
          .message = "no replica of " + std::string(function) + " was free before the call's deadline",
          .hint = "raise its scale.max, limits.concurrency or limits.timeout"};
}

Fault held_for_memory(std::string_view function, domain::Bytes memory) {
  return {.code = Code::timeout,
          .layer = Layer::limit,
          .message = "no memory came free for a replica of " + std::string(function) +
                     " before the call's deadline: replicas may have " + to_string(memory) +
                     " together, and those that have it are busy",
          .hint = "raise hearthd's `memory`, or lower limits.memory or scale.min of functions",
          .retry_after = std::chrono::seconds{1}};
}

Fault larger_than_all(const ports::ReplicaSpec& spec, domain::Bytes memory) {
  return {.code = Code::unavailable,
          .layer = Layer::limit,
          .message = "a replica of " + to_string(spec.function) + " may have " + to_string(spec.limits.memory) +
                     ", and all replicas together " + to_string(memory),
          .hint = "lower its limits.memory, or raise hearthd's `memory`"};
}

Fault refused(const domain::FunctionName& function, Refusal reason, const std::optional<Fault>& cause,
              std::chrono::milliseconds retry_after) {
  const auto name = to_string(function);
  Fault fault;
  switch (reason) {
    case Refusal::queue_full:
      fault = {.code = Code::overloaded,
               .layer = Layer::limit,
               .message = "as many calls of " + name + " are waiting as may",
               .hint = "call again later, or raise its scale.max or limits.concurrency",
               .retry_after = std::chrono::seconds{1}};
      break;
    case Refusal::deadline: fault = held_to_its_deadline(name); break;
    case Refusal::cannot_start:
      fault = cause.value_or(Fault{
          .code = Code::unavailable, .layer = Layer::function, .message = "replicas of " + name + " do not start"});
      fault.code = Code::unavailable;
      fault.retry_after = at_least_a_second(retry_after);
      break;
    case Refusal::engine_away:
      fault = cause.value_or(Fault{.code = Code::unavailable,
                                   .layer = Layer::engine,
                                   .message = "the engine does not answer, so " + name + " cannot start"});
      fault.retry_after = std::chrono::seconds{5};
      break;
    case Refusal::removed:
      fault = {.code = Code::not_found, .layer = Layer::client, .message = "function " + name + " was deleted"};
      break;
  }
  return fault;
}

Fault no_such_function(const FunctionName& function) {
  return {.code = Code::not_found,
          .layer = Layer::client,
          .message = "there is no function " + to_string(function),
          .hint = "fn list shows those that are"};
}

Fault overtaken(const FunctionName& function, std::uint64_t revision) {
  return {.code = Code::conflict,
          .layer = Layer::client,
          .message = "another revision took the place of revision " + std::to_string(revision) + " of " +
                     to_string(function) + " before it was warm",
          .hint = "fn revisions shows which one serves"};
}

Fault called_off(const FunctionName& function, std::uint64_t revision) {
  return {.code = Code::unavailable,
          .layer = Layer::gateway,
          .message =
              "hearthd ended before revision " + std::to_string(revision) + " of " + to_string(function) + " was warm",
          .hint = "the next one goes on with it"};
}

Fault never_warm(const FunctionName& function, std::uint64_t revision) {
  return {.code = Code::timeout,
          .layer = Layer::gateway,
          .message =
              "revision " + std::to_string(revision) + " of " + to_string(function) + " did not get its turn to start",
          .hint = "too many functions start at once; try again in a moment"};
}

Fault died(const domain::FunctionName& function, const ports::Exit& exit, const domain::Limits& limits) {
  Fault fault{.code = Code::unavailable, .layer = Layer::function, .message = "a replica of " + to_string(function)};
  if (exit.out_of_memory) {
    fault.message += " ran out of memory: its limit is " + to_string(limits.memory);
    if (exit.memory_peak) fault.message += ", its peak was " + to_string(*exit.memory_peak);
    fault.hint = "raise limits.memory, or find what the function keeps";
  } else if (exit.code > 128 && exit.code < 160) {
    fault.message += " was killed by signal " + std::to_string(exit.code - 128);
    fault.hint = "its log tells more: fn logs " + to_string(function);
  } else {
    fault.message += " exited with code " + std::to_string(exit.code);
    fault.hint = "its log tells more: fn logs " + to_string(function);
  }
  return fault;
}

}  // namespace hearth::control
