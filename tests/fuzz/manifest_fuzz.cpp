// fn.yaml: every fault has its place, and what has none is a spec that the API takes for the same.
#include "cli/manifest.h"
#include "control/spec_codec.h"
#include "fuzz/fuzz.h"

#include <nlohmann/json.hpp>

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = hearth::fuzz::text(data, size);
  const auto manifest = hearth::cli::parse_manifest(text);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 2;
  for (const auto& fault : manifest.faults) {
    hearth::must(fault.line >= 1 && fault.column >= 1 && fault.line <= lines);
    hearth::must(!fault.message.empty());
  }
  if (!manifest.faults.empty()) return 0;
  auto spec = manifest.spec;
  if (spec.limits.concurrency == hearth::cli::kOfItsRuntime) spec.limits.concurrency = 16;  // a python's, say
  hearth::must(hearth::domain::check(spec).empty());
  auto taken = hearth::control::decode_spec(hearth::cli::spec_document(manifest.spec).dump());
  taken.name = spec.name;  // which the URL says
  hearth::must(taken == spec);
  return 0;
}
