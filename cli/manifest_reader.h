// Goes through fn.yaml by the schema's table and collects every fault with its place. The private half of manifest.cpp.
#pragma once

#include "cli/manifest.h"
#include "cli/manifest_schema.h"

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>

namespace hearth::cli {

class ManifestReader {
 public:
  Manifest read(std::string_view text);

 private:
  struct Place {
    YAML::Mark key;
    YAML::Mark value;
  };

  // `section` names keys of the schema, `at` their place in the file: "triggers.http" and "triggers[0].http".
  void read_map(const YAML::Node& map, const std::string& section, const std::string& at);
  void read_list(const YAML::Node& list, const std::string& section, const std::string& at);
  void read_entry(const YAML::Node& key, const YAML::Node& value, const std::string& section, const std::string& at);
  void read_value(const Key& key, const std::string& path, const YAML::Node& value);
  void unknown(const std::string& path, std::string_view section, std::string_view name, YAML::Mark at);
  void read_pairs(const Pairs& pairs, const std::string& path, const YAML::Node& value);
  void read_texts(const Texts& texts, const std::string& path, const YAML::Node& value);
  void read_scalar(const Key& key, const std::string& path, const YAML::Node& value);
  void check_source();
  void check_spec();

  void complain(YAML::Mark at, const std::string& message);
  // Whether a fault of `path` or of what it stands in was told already.
  bool told(const std::string& path) const;
  YAML::Mark place_of(std::string path) const;

  Manifest manifest_;
  std::map<std::string, Place> places_;  // by path
};

}  // namespace hearth::cli
