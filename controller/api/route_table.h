// Which handler a path and a method belong to: patterns such as /v1/namespaces/{ns}/functions/{name}, whose braces
// take one decoded segment each. Filled once, then read by any thread.
#pragma once

#include "api/target.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hearth::api {

using Parameters = std::map<std::string, std::string, std::less<>>;

std::vector<std::string> split_path(std::string_view path);
// The parameters where `path` is of `pattern`; both split.
std::optional<Parameters> match_path(const std::vector<std::string>& pattern, const std::vector<std::string>& path);

struct NoSuchPath {};
struct NoSuchMethod {
  std::string allow;  // "GET, HEAD, OPTIONS, PUT": for the header of that name
};

template <class Handler>
class RouteTable {
 public:
  struct Match {
    const Handler* handler;
    Parameters parameters;
  };

  void add(std::string method, std::string_view pattern, Handler handler) {
    rows_.push_back({std::move(method), split_path(pattern), std::move(handler)});
    calls_.emplace_back(rows_.back().method, pattern);
  }

  // Method and pattern of each handler, in the order they were added.
  const std::vector<std::pair<std::string, std::string>>& calls() const { return calls_; }

  // HEAD is served by GET's handler unless it has one of its own. A path that a pattern has word for word is no other
  // pattern's.
  std::variant<Match, NoSuchPath, NoSuchMethod> find(std::string_view method, std::string_view path) const {
    const auto segments = split_path(path);
    const auto fewest = fewest_parameters(segments);
    std::vector<std::string_view> allowed;
    std::optional<Match> as_get;
    for (const auto& row : rows_) {
      auto parameters = match_path(row.pattern, segments);
      if (!parameters || parameters->size() > fewest) continue;
      if (row.method == method) return Match{&row.handler, *std::move(parameters)};
      if (row.method == "GET" && method == "HEAD") as_get = Match{&row.handler, *std::move(parameters)};
      allowed.push_back(row.method);
      if (row.method == "GET") allowed.push_back("HEAD");
    }
    if (as_get) return *std::move(as_get);
    if (allowed.empty()) return NoSuchPath{};
    allowed.emplace_back("OPTIONS");
    return NoSuchMethod{joined(std::move(allowed))};
  }

 private:
  std::size_t fewest_parameters(const std::vector<std::string>& segments) const {
    std::size_t fewest = segments.size();
    for (const auto& row : rows_) {
      if (const auto parameters = match_path(row.pattern, segments)) fewest = std::min(fewest, parameters->size());
    }
    return fewest;
  }

  struct Row {
    std::string method;
    std::vector<std::string> pattern;
    Handler handler;
  };

  static std::string joined(std::vector<std::string_view> words) {
    std::ranges::sort(words);
    const auto repeated = std::ranges::unique(words);
    words.erase(repeated.begin(), repeated.end());
    std::string text;
    for (const auto word : words) text.append(text.empty() ? "" : ", ").append(word);
    return text;
  }

  std::vector<Row> rows_;
  std::vector<std::pair<std::string, std::string>> calls_;
};

}  // namespace hearth::api
