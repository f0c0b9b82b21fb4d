// All functions of a namespace at a glance, for `fn status --watch`.
#pragma once

#include "cli/context.h"
#include "cli/rates.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace hearth::cli {

// Each function with its status, the liveliest first. Blocks.
std::vector<nlohmann::json> look_at_all(Client& client, const std::string& space);

// Those that fail, those that work, those that wait; by name where they are alike. Pure.
void sort_by_life(std::vector<nlohmann::json>& functions);

// The totals of each, for Rates. Pure.
Rates::Look totals_of_all(const std::vector<nlohmann::json>& functions);

// A head and a row for each. Pure.
std::string overview_table(const Terminal& terminal, const std::vector<nlohmann::json>& functions, const Rates& rates);

// "hello executing 2 replicas (1 executing, 1 warm) in_flight=3 held=1". Pure.
std::string overview_line(const nlohmann::json& function);

}  // namespace hearth::cli
