// The JSON trees behind spec_codec, for codecs that embed them in larger documents.
#pragma once

#include "control/json_fields.h"
#include "domain/function.h"

#include <nlohmann/json_fwd.hpp>

namespace hearth::control {

nlohmann::json spec_json(const domain::FunctionSpec& spec);

// Reads what it can; what it cannot is added to `complaints`. `path` is the spec's own place: "spec", or empty.
domain::FunctionSpec read_spec(const nlohmann::json& document, const std::string& path, Complaints& complaints);

}  // namespace hearth::control
