#include "control/usage_codec.h"

#include "control/json_fields.h"
#include "control/spec_codec.h"

#include <nlohmann/json.hpp>

namespace hearth::control {

using domain::Ending;
using domain::Usage;
using nlohmann::json;

std::string encode_usage(const Usage& usage) {
  json calls = json::object();
  for (std::size_t i = 0; i < domain::kEndings; ++i) {
    if (usage.calls[i] > 0) calls[std::string(name(static_cast<Ending>(i)))] = usage.calls[i];
  }
  return json{{"calls", std::move(calls)},
              {"cold_starts", usage.cold_starts},
              {"failed_starts", usage.failed_starts},
              {"busy_kib_ms", usage.busy.kib_ms},
              {"initializing_kib_ms", usage.initializing.kib_ms},
              {"idle_kib_ms", usage.idle.kib_ms},
              {"frozen_kib_ms", usage.frozen.kib_ms}}
      .dump();
}

Usage decode_usage(std::string_view text) {
  const auto document = parse_json(text);
  Complaints complaints;
  Usage usage;
  JsonFields fields(document, "", complaints);
  if (const auto* calls = fields.child("calls")) {
    JsonFields endings(*calls, "calls", complaints);
    for (std::size_t i = 0; i < domain::kEndings; ++i) endings.number(name(static_cast<Ending>(i)), usage.calls[i]);
    endings.finish();
  }
  fields.number("cold_starts", usage.cold_starts);
  fields.number("failed_starts", usage.failed_starts);
  fields.number("busy_kib_ms", usage.busy.kib_ms);
  fields.number("initializing_kib_ms", usage.initializing.kib_ms);
  fields.number("idle_kib_ms", usage.idle.kib_ms);
  fields.number("frozen_kib_ms", usage.frozen.kib_ms);
  fields.finish();
  if (!complaints.empty()) throw InvalidDocument("the usage of a day cannot be understood", std::move(complaints));
  return usage;
}

}  // namespace hearth::control
