// What `fn` prints for programs. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace hearth::cli {

enum class Format { text, json, yaml };

// A document that stands alone: indented JSON, or YAML.
std::string written(const nlohmann::json& document, Format format);

// One of many: a line of JSON, or a YAML document that begins with ---.
std::string written_in_stream(const nlohmann::json& document, Format format);

}  // namespace hearth::cli
