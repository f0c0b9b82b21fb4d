// fn.yaml: what a function's folder says of it.
#pragma once

#include "domain/function.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::cli {

inline constexpr std::string_view kManifestFile = "fn.yaml";
// The concurrency of a spec whose fn.yaml says none: hearthd knows what its runtime wants.
inline constexpr std::uint32_t kOfItsRuntime = 0;

// A fault with the place where it stands, both counted from 1.
struct ManifestFault {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string message;  // "limits.memmory: unknown key; did you mean memory?"
  bool operator==(const ManifestFault&) const = default;
};

struct Manifest {
  domain::FunctionSpec spec;
  std::vector<ManifestFault> faults;  // in the order of the file; the spec is of use only without any
};

// Pure; any thread.
Manifest parse_manifest(std::string_view text);

// Reads `folder`/fn.yaml; throws one `invalid` that tells all its faults as FILE:LINE:COLUMN: MESSAGE.
domain::FunctionSpec read_manifest(const std::filesystem::path& folder);

// The spec as the management API takes it.
nlohmann::json spec_document(const domain::FunctionSpec& spec);

}  // namespace hearth::cli
