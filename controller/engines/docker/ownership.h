// How we know what is ours on an engine that others share. Labels can be forged, by whoever starts a container and by
// whoever builds an image; so each thing we make bears a mark that only the installation's secret can make for its
// name.
#pragma once

#include <map>
#include <string>

namespace hearth::docker {

struct Installation {
  std::string id;      // on every label and name
  std::string secret;  // kept with the store, never on the engine
};

inline constexpr const char* kInstallationLabel = "dev.hearth.installation";
inline constexpr const char* kMarkLabel = "dev.hearth.mark";

using Labels = std::map<std::string, std::string>;

// The labels that claim and prove that `name` is ours.
Labels proof(const Installation& installation, const std::string& name);
// Whether `labels` prove it. A copy of another thing's labels does not: the mark is bound to the name.
bool is_ours(const Installation& installation, const std::string& name, const Labels& labels);

}  // namespace hearth::docker
