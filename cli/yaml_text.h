// The one document that a YAML file of ours holds.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>

namespace hearth::cli {

struct YamlText {
  YAML::Node root;                    // null where the text is empty
  std::optional<YAML::Mark> second;   // where another document begins
  std::optional<YAML::Mark> garbled;  // a scalar that yaml-cpp makes no UTF-8 of: one with the escapes \N or \_
};

// Throws YAML::Exception for what is no YAML. Unlike YAML::LoadAll it ends for every text.
YamlText read_yaml(const std::string& text);

}  // namespace hearth::cli
