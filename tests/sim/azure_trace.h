// Real traces: Azure Functions 2019 (calls a minute, with run times and memory in files of their own) and 2021 (a row
// a call), told apart by their headers.
#pragma once

#include "sim/trace.h"

#include <filesystem>

namespace hearth::sim {

// Files of one schema; for 2019 also those that stand beside them and belong to the same days. Throws
// std::runtime_error with the file and line at fault.
std::unique_ptr<Trace> read_azure_trace(const std::vector<std::filesystem::path>& files);

}  // namespace hearth::sim
