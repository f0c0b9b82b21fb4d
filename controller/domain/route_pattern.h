// One HTTP trigger, understood: its host, its methods, its path segment by segment. Pure.
//
// Paths are compared segment by segment, after unreserved characters were decoded (RFC 3986 §6.2.2.2) and nothing else:
// "%7Euser" is "~user", but "%2F" stays part of its segment. One slash at the end makes no difference.
#pragma once

#include "domain/function.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::domain {

// The methods that a trigger may name, one bit each. Others are served by triggers that name none.
inline constexpr std::array<std::string_view, 7> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
using MethodSet = std::uint8_t;
inline constexpr MethodSet kAllMethods = 0;
inline constexpr MethodSet kGet = 1;
inline constexpr MethodSet kHead = 2;

MethodSet method_bit(std::string_view method) noexcept;  // 0 for one that cannot be named
// "GET, HEAD"; HEAD is there with GET.
std::string method_names(MethodSet methods);

inline constexpr std::size_t kMaxSegments = 32;
inline constexpr std::size_t kMaxParameters = 16;
inline constexpr std::size_t kMaxPattern = 1024;  // bytes

// In the order of how much they say.
enum class HostKind : std::uint8_t { any, wildcard, exact };

struct Segment {
  enum class Kind : std::uint8_t { literal, parameter, rest };
  Kind kind = Kind::literal;
  std::string text;  // canonical, or the parameter's name
  bool operator==(const Segment&) const = default;
};

struct RoutePattern {
  HostKind host_kind = HostKind::any;
  std::string host;  // in lower case; of "*.example.org" what follows the star
  MethodSet methods = kAllMethods;
  std::vector<Segment> segments;
  bool operator==(const RoutePattern&) const = default;
};

// Complains with "path", "host", "methods[1]", "cors.origins[0]" … of what is wrong; the pattern is of use only when
// nothing was.
RoutePattern parse_pattern(const HttpTrigger& trigger, std::vector<Complaint>& complaints);

// Whether some request could go to either with equal right.
bool clash(const RoutePattern& one, const RoutePattern& other) noexcept;

// "GET, POST example.org/api/users/{id}".
std::string to_string(const HttpTrigger& trigger);

// Writes the form that segments are compared in: at most `size` bytes, else it gives up and returns size + 1.
std::size_t canonical_segment(std::string_view segment, char* into, std::size_t size) noexcept;

// First segments that are never a trigger's.
bool is_reserved(std::string_view canonical) noexcept;

}  // namespace hearth::domain
