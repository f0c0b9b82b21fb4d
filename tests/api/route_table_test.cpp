#include "api/route_table.h"

#include "domain/error.h"

#include <gtest/gtest.h>

namespace hearth::api {
namespace {

RouteTable<int> table() {
  RouteTable<int> routes;
  routes.add("GET", "/v1/functions", 1);
  routes.add("GET", "/v1/functions/{name}", 2);
  routes.add("PUT", "/v1/functions/{name}", 3);
  routes.add("HEAD", "/v1/packages/{digest}", 4);
  routes.add("GET", "/v1/{ns}/calls/{id}", 5);
  routes.add("POST", "/v1/{ns}/calls/redrive", 6);
  return routes;
}

TEST(RouteTable, FindsTheHandlerOfAPathAndAMethod) {
  struct Row {
    const char *method, *path;
    int handler;
  };
  const auto routes = table();
  for (const auto& row :
       {Row{"GET", "/v1/functions", 1}, Row{"GET", "/v1/functions/hello", 2}, Row{"PUT", "/v1/functions/hello", 3},
        Row{"HEAD", "/v1/functions", 1}, Row{"HEAD", "/v1/packages/x", 4}, Row{"GET", "/v1/team/calls/7", 5}}) {
    const auto found = routes.find(row.method, row.path);
    const auto* match = std::get_if<RouteTable<int>::Match>(&found);
    ASSERT_NE(match, nullptr) << row.method << " " << row.path;
    EXPECT_EQ(*match->handler, row.handler);
  }
}

TEST(RouteTable, DecodesTheParametersOfAPath) {
  const auto routes = table();
  const auto found = routes.find("GET", "/v1/a%20b/calls/sha256%3A1%2f2");
  const auto& match = std::get<RouteTable<int>::Match>(found);
  EXPECT_EQ(match.parameters.at("ns"), "a b");
  EXPECT_EQ(match.parameters.at("id"), "sha256:1/2") << "an encoded slash parts no segments";
}

TEST(RouteTable, KnowsNoPathThatOnlyResemblesOne) {
  const auto routes = table();
  for (const auto* path : {"/", "/v1", "/v1/functions/", "/v1/functions/a/b", "//v1/functions", "/V1/functions",
                           "/v1/functions/..", "/v1/x/calls/"}) {
    const auto found = routes.find("GET", path);
    const bool dots = std::string_view(path).ends_with("..");  // a name like any other; no handler takes it for valid
    EXPECT_EQ(std::holds_alternative<NoSuchPath>(found), !dots) << path;
  }
}

TEST(RouteTable, TellsWhichMethodsAPathTakes) {
  const auto routes = table();
  const auto found = routes.find("DELETE", "/v1/functions/hello");
  EXPECT_EQ(std::get<NoSuchMethod>(found).allow, "GET, HEAD, OPTIONS, PUT");
  EXPECT_EQ(std::get<NoSuchMethod>(routes.find("GET", "/v1/packages/x")).allow, "HEAD, OPTIONS");
  EXPECT_EQ(std::get<NoSuchMethod>(routes.find("get", "/v1/functions")).allow, "GET, HEAD, OPTIONS")
      << "methods have case";
}

TEST(RouteTable, GivesAWordBeforeAParameter) {
  const auto routes = table();
  EXPECT_EQ(*std::get<RouteTable<int>::Match>(routes.find("POST", "/v1/team/calls/redrive")).handler, 6);
  EXPECT_EQ(std::get<NoSuchMethod>(routes.find("GET", "/v1/team/calls/redrive")).allow, "OPTIONS, POST");
}

TEST(Target, IsTakenApart) {
  Request request;
  read_target("/v1/functions?after=a%26b&limit=2&follow&x=", request);
  EXPECT_EQ(request.path, "/v1/functions");
  EXPECT_EQ(request.query.at("after"), "a&b");
  EXPECT_EQ(request.query.at("limit"), "2");
  EXPECT_EQ(request.query.at("follow"), "");
  EXPECT_EQ(request.query.at("x"), "");
}

TEST(Target, IsRefusedWhereNoUrlCouldBeIt) {
  for (const auto* target : {"", "v1", "*", "http://x/", "/a b", "/a\"b", "/a|b", "/caf\xc3\xa9", "/a%", "/a%2",
                             "/a%zz", "/a?b=%", "/a?b=1&b=2", "/a#b", "/a\\b"}) {
    Request request;
    EXPECT_THROW(read_target(target, request), domain::Error) << target;
  }
}

}  // namespace
}  // namespace hearth::api
