// Durable calls as a person reads them. Pure.
#pragma once

#include "cli/terminal.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace hearth::cli {

// A head and a row for each call.
std::string call_table(const Terminal& terminal, const nlohmann::json& calls);
// One call: what was asked, how it stands, every attempt that failed, what was answered.
std::string call_sheet(const Terminal& terminal, const nlohmann::json& call);

}  // namespace hearth::cli
