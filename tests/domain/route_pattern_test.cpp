#include "domain/route_pattern.h"

#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

RoutePattern understood(const HttpTrigger& trigger) {
  std::vector<Complaint> complaints;
  auto pattern = parse_pattern(trigger, complaints);
  for (const auto& complaint : complaints) ADD_FAILURE() << complaint.field << ": " << complaint.message;
  return pattern;
}

// "path: column 5: …", or nothing.
std::string complaint_of(const HttpTrigger& trigger) {
  std::vector<Complaint> complaints;
  parse_pattern(trigger, complaints);
  return complaints.empty() ? "" : complaints.front().field + ": " + complaints.front().message;
}

// "users {id} {rest...}"
std::string segments_of(const std::string& path) {
  std::string text;
  for (const auto& segment : understood({.path = path}).segments) {
    if (!text.empty()) text += ' ';
    if (segment.kind == Segment::Kind::literal) text += segment.text;
    if (segment.kind == Segment::Kind::parameter) text += "{" + segment.text + "}";
    if (segment.kind == Segment::Kind::rest) text += "{" + segment.text + "...}";
  }
  return text;
}

TEST(RoutePattern, IsReadSegmentBySegmentInTheFormThatIsCompared) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", ""},
      {"/api/users/{id}", "api users {id}"},
      {"/api/users/{id}/", "api users {id}"},
      {"/files/{rest...}", "files {rest...}"},
      {"/{tenant}/{rest...}/", "{tenant} {rest...}"},
      {"/%7euser/%2Fa/%2fb", "~user %2Fa %2Fb"},
      {"/caf\xc3\xa9", "caf%C3%A9"},
      {"/caf%c3%a9", "caf%C3%A9"},
      {"/a.b/...c/-_~!$&'()*+,;=:@", "a.b ...c -_~!$&'()*+,;=:@"},
      {"/FN/fnord", "FN fnord"},
  };
  for (const auto& [path, segments] : cases) EXPECT_EQ(segments_of(path), segments) << path;
}

TEST(RoutePattern, IsComplainedOfWithTheColumn) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "path: is missing"},
      {"users", "path: column 1: must begin with /"},
      {"//", "path: column 2: a segment without anything"},
      {"/a//b", "path: column 4: a segment without anything"},
      {"/a//", "path: column 4: a segment without anything"},
      {"/a/{id", "path: column 4: { without }"},
      {"/a/v{id}", "path: column 5: a parameter is a whole segment"},
      {"/a/{id}.json", "path: column 4: a parameter is a whole segment"},
      {"/a/{}", "path: column 5: a parameter's name"},
      {"/a/{1d}", "path: column 5: a parameter's name"},
      {"/a/{...}", "path: column 5: a parameter's name"},
      {"/{rest...}/b", "path: column 2: {rest...} takes all that follows"},
      {"/{id}/{ID}", "path: column 8: \"ID\" stands twice"},
      {"/a/../b", "path: column 4: \"..\" names no segment"},
      {"/a/%2e", "path: column 4: \"%2e\" names no segment"},
      {"/a b", "path: column 3: a space must be written %20"},
      {"/a?b=1", "path: column 3: a path ends before the query"},
      {"/a/%2g", "path: column 4: % must be followed"},
      {"/a/b|c", "path: column 5: the character \"|\""},
      {"/fn/x", "path: column 2: /fn is Hearth's own"},
      {"/%66n", "path: column 2: /fn is Hearth's own"},
      {"/hooks", "path: column 2: /hooks is Hearth's own"},
      {"/async/{x}", "path: column 2: /async is Hearth's own"},
      {"/events", "path: column 2: /events is Hearth's own"},
  };
  for (const auto& [path, words] : cases) {
    EXPECT_TRUE(complaint_of({.path = path}).starts_with(words)) << path << " → " << complaint_of({.path = path});
  }
  EXPECT_NE(complaint_of({.path = "/" + std::string(1024, 'a')}), "");
  std::string many;
  for (int i = 0; i < 33; ++i) many += "/a";
  EXPECT_TRUE(complaint_of({.path = many}).ends_with("more than 32 segments"));
}

TEST(RoutePattern, HasAHostThatIsExactOrAWildcardOrNone) {
  EXPECT_EQ(understood({.path = "/"}).host_kind, HostKind::any);
  const auto exact = understood({.path = "/", .host = "Api.Example.ORG"});
  EXPECT_EQ(exact.host_kind, HostKind::exact);
  EXPECT_EQ(exact.host, "api.example.org");
  const auto wildcard = understood({.path = "/", .host = "*.example.org"});
  EXPECT_EQ(wildcard.host_kind, HostKind::wildcard);
  EXPECT_EQ(wildcard.host, ".example.org");
  for (const auto* host : {"*", "a..b", "-a.org", "a.org:80", "http://a.org", "*.*.org", "a*.org", "b\xc3\xbc.org"}) {
    EXPECT_TRUE(complaint_of({.path = "/", .host = host}).starts_with("host: ")) << host;
  }
}

TEST(RoutePattern, HasMethodsThatAreSpelledRight) {
  EXPECT_EQ(understood({.path = "/"}).methods, kAllMethods);
  EXPECT_EQ(method_names(understood({.path = "/", .methods = {"POST", "GET"}}).methods), "GET, HEAD, POST");
  EXPECT_TRUE(complaint_of({.path = "/", .methods = {"GET", "get"}}).starts_with("methods[1]: \"get\" is not one of"));
}

TEST(RoutePattern, RefusesCorsThatBrowsersWouldNotUnderstandOrThatOpensTheUsersSession) {
  const auto refused = [](Cors cors) { return complaint_of({.path = "/", .cors = std::move(cors)}); };
  EXPECT_EQ(refused({.origins = {"*"}}), "");
  EXPECT_EQ(refused({.origins = {"https://a.org", "http://localhost:3000", "null"}, .credentials = true}), "");
  EXPECT_TRUE(refused({}).starts_with("cors.origins: "));
  for (const auto* origin :
       {"a.org", "https://a.org/", "https://A.org", "https://*.a.org", "https://a.org, https://b.org"}) {
    EXPECT_TRUE(refused({.origins = {origin}}).starts_with("cors.origins[0]: ")) << origin;
  }
  EXPECT_TRUE(refused({.origins = {"*"}, .credentials = true}).starts_with("cors.credentials: "));
  EXPECT_TRUE(refused({.origins = {"*"}, .methods = {"FETCH"}}).starts_with("cors.methods[0]: "));
  EXPECT_TRUE(refused({.origins = {"*"}, .headers = {"X-A", "X B"}}).starts_with("cors.headers[1]: "));
  EXPECT_TRUE(refused({.origins = {"*"}, .expose = {"a:b"}}).starts_with("cors.expose[0]: "));
  EXPECT_TRUE(refused({.origins = {"*"}, .max_age = std::chrono::hours{25}}).starts_with("cors.max_age: "));
}

TEST(RoutePattern, ClashesWhereNeitherSaysMoreThanTheOther) {
  struct Case {
    HttpTrigger one;
    HttpTrigger other;
    bool clashes;
  };
  const Case cases[] = {
      {{.path = "/a"}, {.path = "/a/"}, true},
      {{.path = "/a/{x}"}, {.path = "/a/{y}"}, true},
      {{.path = "/a/{x...}"}, {.path = "/a/{y...}"}, true},
      {{.path = "/%7Ea"}, {.path = "/~a"}, true},
      {{.path = "/a", .host = "A.org"}, {.path = "/a", .host = "a.ORG"}, true},
      {{.path = "/a", .methods = {"GET", "POST"}}, {.path = "/a", .methods = {"POST"}}, true},
      {{.path = "/a", .methods = {"GET"}}, {.path = "/a", .methods = {"POST"}}, false},
      {{.path = "/a", .methods = {"GET"}}, {.path = "/a", .methods = {"HEAD"}}, false},
      {{.path = "/a", .methods = {"GET"}}, {.path = "/a"}, false},
      {{.path = "/a"}, {.path = "/{x}"}, false},
      {{.path = "/{x}"}, {.path = "/{x...}"}, false},
      {{.path = "/a"}, {.path = "/A"}, false},
      {{.path = "/a", .host = "a.org"}, {.path = "/a"}, false},
      {{.path = "/a", .host = "a.org"}, {.path = "/a", .host = "*.org"}, false},
      {{.path = "/{x}/b"}, {.path = "/a/{y}"}, false},
  };
  for (const auto& [one, other, clashes] : cases) {
    EXPECT_EQ(clash(understood(one), understood(other)), clashes) << to_string(one) << " and " << to_string(other);
    EXPECT_EQ(clash(understood(other), understood(one)), clashes) << to_string(other) << " and " << to_string(one);
  }
}

}  // namespace
}  // namespace hearth::domain
