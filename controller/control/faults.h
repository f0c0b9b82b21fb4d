// The words for what happens to calls and replicas.
#pragma once

#include "domain/error.h"
#include "domain/function.h"
#include "domain/pool.h"
#include "ports/engine.h"

#include <optional>
#include <string_view>

namespace hearth::control {

// Why a call of `function` was not served. `cause`: why its replicas do not start, or why the engine is away.
domain::Fault refused(const domain::FunctionName& function, domain::Refusal reason,
                      const std::optional<domain::Fault>& cause, std::chrono::milliseconds retry_after);

// The dispatcher says so, or the gateway, whoever's clock is first.
domain::Fault held_to_its_deadline(std::string_view function);
// The same where a start of its waits for memory: all replicas together may have `memory`.
domain::Fault held_for_memory(std::string_view function, domain::Bytes memory);
// A replica that may have more than all together can never start.
domain::Fault larger_than_all(const ports::ReplicaSpec& spec, domain::Bytes memory);

// Why a revision that was to serve does not.
domain::Fault no_such_function(const domain::FunctionName& function);
domain::Fault overtaken(const domain::FunctionName& function, std::uint64_t revision);
domain::Fault called_off(const domain::FunctionName& function, std::uint64_t revision);
domain::Fault never_warm(const domain::FunctionName& function, std::uint64_t revision);

// Why a replica is no more.
domain::Fault died(const domain::FunctionName& function, const ports::Exit& exit, const domain::Limits& limits);

}  // namespace hearth::control
