#include "api/route_table.h"

namespace hearth::api {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

std::optional<Parameters> match_path(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  Parameters parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view expected = pattern[i];
    if (!expected.starts_with('{')) {
      if (expected != path[i]) return std::nullopt;
      continue;
    }
    auto value = percent_decoded(path[i]);
    if (!value || value->empty()) return std::nullopt;
    parameters.emplace(expected.substr(1, expected.size() - 2), *std::move(value));
  }
  return parameters;
}

}  // namespace hearth::api
