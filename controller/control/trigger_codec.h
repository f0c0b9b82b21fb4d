// A spec's `triggers` as JSON: a list of objects, each with the trigger's kind for its one key. Private to spec_codec.
#pragma once

#include "control/json_fields.h"

#include <nlohmann/json_fwd.hpp>

namespace hearth::control {

nlohmann::json triggers_json(const std::vector<domain::HttpTrigger>& triggers);
void read_triggers(const nlohmann::json& document, const std::string& path, std::vector<domain::HttpTrigger>& into,
                   Complaints& complaints);

}  // namespace hearth::control
