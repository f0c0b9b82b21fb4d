#include "domain/routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <tuple>

namespace hearth::domain {
namespace {

RouteRule rule(const std::string& function, const HttpTrigger& trigger) {
  std::vector<Complaint> complaints;
  auto pattern = parse_pattern(trigger, complaints);
  EXPECT_TRUE(complaints.empty()) << to_string(trigger) << ": " << complaints.front().message;
  return {.function = function, .trigger = trigger, .pattern = std::move(pattern)};
}

struct Request {
  std::string host;
  std::string method;
  std::string path;
};

// "function name=value …", "405 GET, HEAD", or "404".
std::string outcome(const RouteTable& table, const Request& request) {
  const auto match = table.match(request.host, request.method, request.path);
  if (!match.rule) return match.allowed == 0 ? "404" : "405 " + method_names(match.allowed);
  auto text = match.rule->function;
  match.each_parameter(
      [&](std::string_view name, std::string_view value) { text.append(" ").append(name).append("=").append(value); });
  return text;
}

const std::vector<RouteRule>& shop() {
  static const std::vector<RouteRule> rules{
      rule("root", {.path = "/"}),
      rule("users", {.path = "/users", .methods = {"GET", "POST"}}),
      rule("user", {.path = "/users/{id}", .methods = {"GET", "DELETE"}}),
      rule("me", {.path = "/users/me", .methods = {"GET"}}),
      rule("orders", {.path = "/users/{id}/orders"}),
      rule("files", {.path = "/files/{rest...}"}),
      rule("readme", {.path = "/files/readme", .methods = {"POST"}}),
      rule("any-host", {.path = "/where"}),
      rule("wide", {.path = "/where", .host = "*.example.org"}),
      rule("narrow", {.path = "/where", .host = "*.eu.example.org"}),
      rule("exact", {.path = "/where", .host = "shop.eu.example.org"}),
      rule("tilde", {.path = "/~a/{x}/b%2Fc"}),
      rule("head", {.path = "/probe", .methods = {"HEAD"}}),
      rule("get", {.path = "/probe", .methods = {"GET"}}),
      rule("others", {.path = "/probe"}),
  };
  return rules;
}

TEST(Routes, FindTheMostSpecificOfThoseThatMatch) {
  const RouteTable table(shop());
  const std::pair<Request, const char*> cases[] = {
      {{"h", "GET", "/"}, "root"},
      {{"h", "GET", "/users"}, "users"},
      {{"h", "GET", "/users/"}, "users"},
      {{"h", "PUT", "/users"}, "405 GET, HEAD, POST"},
      {{"h", "GET", "/users/7"}, "user id=7"},
      {{"h", "GET", "/users/7/"}, "user id=7"},
      {{"h", "GET", "/users/me"}, "me"},
      {{"h", "GET", "/users/%6De"}, "me"},
      {{"h", "DELETE", "/users/me"}, "user id=me"},
      {{"h", "PATCH", "/users/me"}, "405 GET, HEAD, DELETE"},
      {{"h", "GET", "/users/a%2Fb"}, "user id=a%2Fb"},
      {{"h", "GET", "/users//orders"}, "404"},
      {{"h", "BREW", "/users/x/orders"}, "orders id=x"},
      {{"h", "GET", "/users/x/orders/1"}, "404"},
      {{"h", "GET", "/files"}, "files rest="},
      {{"h", "GET", "/files/"}, "files rest="},
      {{"h", "GET", "/files/a/b//c/"}, "files rest=a/b//c/"},
      {{"h", "GET", "/files/readme"}, "files rest=readme"},
      {{"h", "POST", "/files/readme"}, "readme"},
      {{"h", "GET", "/filesystem"}, "404"},
      {{"h", "GET", "/Users"}, "404"},
      {{"h", "GET", "/~a/1/b%2fc"}, "tilde x=1"},
      {{"h", "GET", "/%7ea/1/b%2fc"}, "tilde x=1"},
      {{"h", "GET", "/~a/1/b/c"}, "404"},
      {{"h", "HEAD", "/users"}, "users"},
      {{"h", "HEAD", "/probe"}, "head"},
      {{"h", "GET", "/probe"}, "get"},
      {{"h", "POST", "/probe"}, "others"},
      {{"", "GET", "/where"}, "any-host"},
      {{"example.org", "GET", "/where"}, "any-host"},
      {{"a.example.org:8080", "GET", "/where"}, "wide"},
      {{"A.B.Example.Org.", "GET", "/where"}, "wide"},
      {{"a.eu.example.org", "GET", "/where"}, "narrow"},
      {{"shop.eu.example.org", "GET", "/where"}, "exact"},
      {{"notexample.org", "GET", "/where"}, "any-host"},
      {{"[::1]:8080", "GET", "/where"}, "any-host"},
      {{"shop.eu.example.org", "GET", "/users/7"}, "user id=7"},
      {{std::string(400, 'a') + ".example.org", "GET", "/where"}, "any-host"},
  };
  for (const auto& [request, expected] : cases) {
    EXPECT_EQ(outcome(table, request), expected) << request.host << " " << request.method << " " << request.path;
  }
}

TEST(Routes, LeaveAloneWhatIsOursAndWhatHasDotSegments) {
  const RouteTable table({rule("all", {.path = "/{rest...}"}), rule("pair", {.path = "/{a}/{b}"})});
  for (const auto* path : {"/fn/x", "/fn", "/%66n/x", "/hooks/a", "/async/a", "/events", "/a/../b", "/a/.", "/..",
                           "/%2e%2E/a", "/a/.%2e/b", "*", ""}) {
    EXPECT_EQ(outcome(table, {"h", "GET", path}), "404") << path;
  }
  EXPECT_EQ(outcome(table, {"h", "GET", "/fnord/x"}), "pair a=fnord b=x");
  EXPECT_EQ(outcome(table, {"h", "GET", "/a/..."}), "pair a=a b=...");
  EXPECT_EQ(outcome(table, {"h", "GET", "//x"}), "all rest=/x");
  EXPECT_EQ(outcome(table, {"h", "GET", "/"}), "all rest=");
}

// --- a reference that looks at every rule, and the promise that the table agrees with it ---

std::vector<std::string> split(std::string path) {
  if (path.ends_with('/')) path.pop_back();
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto end = std::min(path.find('/', 1), path.size());
    segments.push_back(path.substr(1, end - 1));
    path.erase(0, end);
  }
  return segments;
}

bool path_matches(const RoutePattern& pattern, const std::vector<std::string>& path) {
  for (std::size_t i = 0; i < pattern.segments.size(); ++i) {
    const auto& segment = pattern.segments[i];
    if (segment.kind == Segment::Kind::rest) return true;
    if (i == path.size()) return false;
    if (segment.kind == Segment::Kind::literal ? segment.text != path[i] : path[i].empty()) return false;
  }
  return pattern.segments.size() == path.size();
}

bool host_matches(const RoutePattern& pattern, const std::string& host) {
  if (pattern.host_kind == HostKind::exact) return pattern.host == host;
  return pattern.host_kind == HostKind::any || (host.size() > pattern.host.size() && host.ends_with(pattern.host));
}

// How much a rule says of a request that it matches; the greatest wins. Nothing where it does not match.
using Rank = std::tuple<int, std::size_t, std::vector<int>, int>;
std::optional<Rank> rank(const RoutePattern& pattern, const Request& request, bool ignore_method) {
  if (!host_matches(pattern, request.host) || !path_matches(pattern, split(request.path))) return std::nullopt;
  const auto bit = method_bit(request.method);
  const bool named = (pattern.methods & bit) != 0;
  const bool by_get = bit == kHead && (pattern.methods & kGet) != 0;
  if (!named && !by_get && pattern.methods != kAllMethods && !ignore_method) return std::nullopt;
  std::vector<int> path;
  for (const auto& segment : pattern.segments) path.push_back(2 - static_cast<int>(segment.kind));
  path.push_back(3);  // its end
  return Rank{static_cast<int>(pattern.host_kind), pattern.host.size(), path, named ? 2 : by_get ? 1 : 0};
}

std::string by_reference(const std::vector<RouteRule>& rules, const Request& request) {
  const RouteRule* best = nullptr;
  std::optional<Rank> most;
  MethodSet allowed = 0;
  for (const auto& one : rules) {
    if (const auto said = rank(one.pattern, request, false); said && (!most || *said > *most)) {
      most = said;
      best = &one;
    }
    if (rank(one.pattern, request, true)) allowed |= one.pattern.methods;
  }
  if (best) return best->function;
  return allowed == 0 ? "404" : "405 " + method_names(allowed);
}

template <class Random>
std::string any_path(Random& random, bool pattern) {
  std::string path;
  const auto length = random() % 5;
  for (std::size_t i = 0; i < length; ++i) {
    const auto kind = random() % 6;
    if (pattern && kind == 0) path += "/{p" + std::to_string(i) + "}";
    if (pattern && kind == 1 && i + 1 == length) return path + "/{rest...}";
    if (!pattern || kind != 0) path += "/" + std::string(1, static_cast<char>('a' + random() % 3));
  }
  if (path.empty() || random() % 8 == 0) path += "/";
  if (!pattern && random() % 16 == 0) path.insert(random() % path.size(), "/");
  return path;
}

template <class Random>
HttpTrigger any_trigger(Random& random) {
  static const char* const hosts[] = {"", "", "a.x.org", "*.org", "*.x.org", "x.org"};
  HttpTrigger trigger{.path = any_path(random, true), .methods = {}, .host = hosts[random() % 6], .cors = {}};
  for (const auto method : kMethods) {
    if (random() % 6 == 0) trigger.methods.emplace_back(method);
  }
  return trigger;
}

TEST(Routes, AgreeWithANaiveReferenceInWhateverOrderTheyAreGiven) {
  static const char* const hosts[] = {"", "a.x.org", "b.x.org", "x.org", "y.org", "org", "other.net"};
  static const char* const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "BREW"};
  const char* text = std::getenv("HEARTH_TEST_REPEAT");
  const auto rounds = static_cast<int>(300 * (text ? std::atof(text) : 1.0));
  int found = 0, refused = 0, absent = 0;
  for (int seed = 1; seed <= rounds; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    std::vector<RouteRule> rules;
    for (auto left = 1 + random() % 40; left > 0; --left) {
      auto fresh = rule("f" + std::to_string(left), any_trigger(random));
      const bool clashes =
          std::ranges::any_of(rules, [&](const RouteRule& old) { return clash(old.pattern, fresh.pattern); });
      if (!clashes) rules.push_back(std::move(fresh));
    }
    const RouteTable table(rules);
    std::ranges::shuffle(rules, random);
    const RouteTable shuffled(rules);
    for (int i = 0; i < 100; ++i) {
      const Request request{hosts[random() % 7], methods[random() % 5], any_path(random, false)};
      const auto expected = by_reference(rules, request);
      const auto got = outcome(table, request);
      ASSERT_EQ(got.substr(0, expected.starts_with("405") ? got.npos : got.find(' ')), expected)
          << "seed " << seed << ": " << request.host << " " << request.method << " " << request.path;
      ASSERT_EQ(outcome(shuffled, request), got);
      ++(expected == "404" ? absent : expected.starts_with("405") ? refused : found);
    }
  }
  EXPECT_GT(std::min({found, refused, absent}), rounds) << "each must happen often, or nothing was at stake";
}

}  // namespace
}  // namespace hearth::domain
