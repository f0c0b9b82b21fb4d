// Which function a request is for, of all HTTP triggers: compiled once, then read by any number of threads. Pure; a
// match allocates nothing.
//
// Of the triggers that match a request's host, path and method the most specific one wins. In this order: an exact host
// before a wildcard (the longer first) before none; then, segment by segment, the path's end before a literal before
// {x} before {rest...}; then one that names the method (HEAD: itself, then GET) before one that names none.
#pragma once

#include "domain/route_pattern.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::domain {

struct RouteRule {
  std::string function;  // "hello" or "space.hello"
  HttpTrigger trigger;
  RoutePattern pattern;
};

// What a match is made of points into the table and into the request.
struct RouteMatch {
  const RouteRule* rule = nullptr;
  std::array<std::string_view, kMaxParameters> values{};  // of the pattern's parameters, in order; as they were sent
  MethodSet allowed = 0;  // where there is no rule: what is served at this path; 0: nothing is

  // Calls `use` with each parameter's name and value.
  template <class Use>
  void each_parameter(Use&& use) const {
    std::size_t next = 0;
    for (const auto& segment : rule->pattern.segments) {
      if (segment.kind != Segment::Kind::literal) use(std::string_view{segment.text}, values[next++]);
    }
  }
};

class RouteTable {
 public:
  RouteTable() = default;
  // In any order; where two clash, which is not to be, the first by function's name counts.
  explicit RouteTable(std::vector<RouteRule> rules);

  // `host` as it was sent, with its port; `path` without the query.
  RouteMatch match(std::string_view host, std::string_view method, std::string_view path) const noexcept;
  bool empty() const noexcept { return rules_.empty(); }

 private:
  // Rules that differ in their methods only; those that name some come first.
  using Leaf = std::vector<std::uint32_t>;
  struct Node {
    std::vector<std::pair<std::string, std::uint32_t>> literals;  // in order
    std::uint32_t parameter = 0;                                  // 0: none, the root is nobody's child
    Leaf end;
    Leaf rest;
  };
  struct Host {
    std::string name;
    std::uint32_t root = 0;
  };
  class Search;

  std::uint32_t root_of(const RoutePattern& pattern);
  Leaf& leaf_of(const RoutePattern& pattern);

  std::vector<RouteRule> rules_;
  std::vector<Node> nodes_ = std::vector<Node>(1);  // the first is the root of rules without a host
  std::vector<Host> exact_;                         // in order
  std::vector<Host> wildcards_;                     // the longest first
};

}  // namespace hearth::domain
