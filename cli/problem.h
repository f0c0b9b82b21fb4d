// Faults as documents and documents as faults: RFC 9457 problem+json, as the management API and the gateway send it.
// Pure; any thread.
#pragma once

#include "domain/error.h"

#include <string>
#include <string_view>

namespace hearth::cli {

// What an answer with `status` (400 or above) and `body` means; a body that is no problem document counts by its
// status.
domain::Fault read_problem(int status, std::string_view body);

// One line of JSON.
std::string problem_document(const domain::Fault& fault);

}  // namespace hearth::cli
