// HTTP triggers at the gateway: who gets a request, what of it, and what browsers are told.
#include "gateway_fixture.h"

namespace hearth::gateway {
namespace {

std::string request(const std::string& line, const std::string& fields = "") {
  return line + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

std::vector<domain::HttpTrigger> shop() {
  return {{.path = "/users/{id}", .methods = {"GET", "DELETE"}},
          {.path = "/users/{id}/files/{rest...}"},
          {.path = "/", .host = "*.shop.example"}};
}

TEST(Triggers, GiveTheFunctionTheWholePathAndItsParameters) {
  World world(mirror, {.triggers = shop()});
  RawClient client(world.port());
  client.send(request("POST /users/a%2Fb%20c/files/x/y?q=1",
                      "Hearth-Param-id: forged\r\nhearth-PARAM-other: forged\r\nContent-Length: 0\r\n"));
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(has(answer, "POST /users/a%2Fb%20c/files/x/y?q=1 HTTP/1.1\r\n")) << answer;
  EXPECT_TRUE(has(answer, "Hearth-Param-id: a%2Fb%20c\r\n"));
  EXPECT_TRUE(has(answer, "Hearth-Param-rest: x/y\r\n"));
  EXPECT_FALSE(has(answer, "X-Forwarded-Prefix"));
  EXPECT_FALSE(has(answer, "forged"));
}

TEST(Triggers, LeaveTheFunctionsOwnPathAsItWasAndTakeForgedParametersOff) {
  World world(mirror, {.triggers = shop()});
  RawClient client(world.port());
  client.send(request("GET /fn/hello/users/7", "Hearth-Param-id: forged\r\n"));
  const auto answer = client.receive_answer();
  EXPECT_TRUE(has(answer, "GET /users/7 HTTP/1.1\r\n"));
  EXPECT_TRUE(has(answer, "X-Forwarded-Prefix: /fn/hello\r\n"));
  EXPECT_FALSE(has(answer, "Hearth-Param"));
}

TEST(Triggers, AreFoundByHost) {
  World world(mirror, {.triggers = shop()});
  RawClient client(world.port());
  client.send("GET / HTTP/1.1\r\nHost: A.Shop.Example:8080\r\n\r\n");
  EXPECT_EQ(status_of(client.receive_answer()), 200);
  client.send("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  EXPECT_EQ(status_of(client.receive_answer()), 404);
}

TEST(Triggers, AnswerWithWhatIsServedWhereTheMethodIsNot) {
  World world(mirror, {.triggers = shop()});
  RawClient client(world.port());
  client.send(request("PUT /users/7", "Content-Length: 0\r\n"));
  const auto answer = client.receive_answer();
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_TRUE(has(answer, "Allow: GET, HEAD, DELETE\r\n")) << answer;
  EXPECT_TRUE(has(answer, "application/problem+json"));
  EXPECT_TRUE(has(answer, "Hearth-Call-Id: "));
  client.send(request("GET /nowhere"));
  EXPECT_EQ(status_of(client.receive_answer()), 404);
  EXPECT_EQ(world.engine.starts(), 0u);
}

TEST(Triggers, ServeHeadByGet) {
  World world(mirror, {.triggers = shop()});
  RawClient client(world.port());
  client.send(request("HEAD /users/7"));
  EXPECT_EQ(status_of(client.receive_until("\r\n\r\n")), 200);
}

TEST(Triggers, FindTheSameFunctionHoweverTheRequestArrives) {
  World world(mirror, {.triggers = shop()});
  const std::string bytes = request("GET /users/7");
  for (std::size_t cut = 1; cut < bytes.size(); cut += 3) {
    RawClient client(world.port());
    client.send(bytes.substr(0, cut));
    client.send(bytes.substr(cut));
    EXPECT_TRUE(has(client.receive_answer(), "Hearth-Param-id: 7\r\n")) << cut;
  }
}

TEST(Triggers, FollowEveryDeployAtOnceUnderCalls) {
  World world(mirror, {.triggers = {{.path = "/a"}}});
  RawClient client(world.port());
  for (int round = 0; round < 50; ++round) {
    const bool moved = round % 2 == 0;
    world.serve_with({{.path = moved ? "/b" : "/a"}});
    client.send(get(moved ? "/b" : "/a"));
    EXPECT_EQ(status_of(client.receive_answer()), 200);
    client.send(get(moved ? "/a" : "/b"));
    EXPECT_EQ(status_of(client.receive_answer()), 404);
  }
}

// --- CORS ---

Deployed with_cors(domain::Cors cors, std::vector<std::string> methods = {}) {
  return {.triggers = {{.path = "/api", .methods = std::move(methods), .host = {}, .cors = std::move(cors)}}};
}

std::string preflight(const std::string& origin, const std::string& method, const std::string& headers = "") {
  return request("OPTIONS /api", "Origin: " + origin + "\r\nAccess-Control-Request-Method: " + method + "\r\n" +
                                     (headers.empty() ? "" : "Access-Control-Request-Headers: " + headers + "\r\n"));
}

TEST(Cors, APreflightIsAnsweredWithoutTheFunction) {
  World world(mirror,
              with_cors({.origins = {"https://a.org"}, .expose = {"X-Total"}, .credentials = true, .max_age = 90s},
                        {"GET", "PUT"}));
  RawClient client(world.port());
  client.send(preflight("https://a.org", "PUT", "x-one, content-type"));
  const auto answer = client.receive_until("\r\n\r\n");
  EXPECT_EQ(status_of(answer), 204);
  for (const auto* field :
       {"Access-Control-Allow-Origin: https://a.org\r\n", "Access-Control-Allow-Methods: GET\r\n",
        "Access-Control-Allow-Methods: PUT\r\n", "Access-Control-Allow-Headers: x-one, content-type\r\n",
        "Access-Control-Allow-Credentials: true\r\n", "Access-Control-Max-Age: 90\r\n", "Vary: Origin\r\n",
        "Vary: Access-Control-Request-Method, Access-Control-Request-Headers\r\n"}) {
    EXPECT_TRUE(has(answer, field)) << field << answer;
  }
  EXPECT_EQ(world.engine.starts(), 0u);
  EXPECT_EQ(world.upstream.connections(), 0);
}

TEST(Cors, APreflightOfAnotherOriginOrMethodIsRefused) {
  World world(mirror, with_cors({.origins = {"https://a.org"}, .methods = {"GET"}}));
  RawClient client(world.port());
  for (const auto& bytes : {preflight("https://evil.org", "GET"), preflight("https://a.org", "DELETE"),
                            preflight("null", "GET"), preflight("https://a.org.evil.org", "GET")}) {
    client.send(bytes);
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 403) << bytes;
    EXPECT_FALSE(has(answer, "Access-Control-Allow-Methods")) << answer;
  }
  EXPECT_EQ(world.engine.starts(), 0u);
}

TEST(Cors, IsAddedToAnswersOfTheFunctionAndToOurOwn) {
  World world([](Peer& peer) { peer.read_head(), peer.send(ok("x")), peer.read_head(); },
              with_cors({.origins = {"https://a.org"}, .expose = {"X-A", "X-B"}}));
  RawClient client(world.port());
  client.send(request("GET /api", "Origin: https://a.org\r\n"));
  const auto answer = client.receive_answer();
  EXPECT_TRUE(has(answer, "Access-Control-Allow-Origin: https://a.org\r\n"));
  EXPECT_TRUE(has(answer, "Access-Control-Expose-Headers: X-B\r\n"));
  EXPECT_TRUE(has(answer, "Vary: Origin\r\n"));
  client.send(request("POST /api", "Origin: https://a.org\r\nContent-Length: 0\r\n"));  // its replica closes
  const auto broken = client.receive_answer();
  EXPECT_EQ(status_of(broken), 502);
  EXPECT_TRUE(has(broken, "Access-Control-Allow-Origin: https://a.org\r\n")) << broken;
}

TEST(Cors, SaysNothingToOtherOriginsButThatItDepends) {
  World world(mirror, with_cors({.origins = {"https://a.org"}}));
  RawClient client(world.port());
  for (const auto* fields : {"Origin: https://b.org\r\n", ""}) {
    client.send(request("GET /api", fields));
    const auto answer = client.receive_answer();
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_FALSE(has(answer, "Access-Control-Allow")) << answer;
    EXPECT_TRUE(has(answer, "Vary: Origin\r\n"));
  }
}

TEST(Cors, LeavesTheAnswerOfAFunctionThatSpeaksForItself) {
  World world(
      [](Peer& peer) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\naccess-control-allow-origin: https://own.org\r\nContent-Length: 0\r\n\r\n");
      },
      with_cors({.origins = {"*"}}));
  RawClient client(world.port());
  client.send(request("GET /api", "Origin: https://a.org\r\n"));
  const auto answer = client.receive_answer();
  EXPECT_TRUE(has(answer, "access-control-allow-origin: https://own.org\r\n"));
  EXPECT_FALSE(has(answer, "Access-Control-Allow-Origin: *"));
}

TEST(Cors, PassesOptionsThatAreNoPreflightAndThoseOfTriggersWithoutCors) {
  World world(mirror, with_cors({.origins = {"*"}}));
  RawClient client(world.port());
  client.send(request("OPTIONS /api", "Origin: https://a.org\r\n"));
  EXPECT_TRUE(has(client.receive_answer(), "OPTIONS /api HTTP/1.1\r\n"));
  World plain(mirror, {.triggers = {{.path = "/api"}}});
  RawClient other(plain.port());
  other.send(preflight("https://a.org", "GET"));
  EXPECT_TRUE(has(other.receive_answer(), "OPTIONS /api HTTP/1.1\r\n"));
}

// --- what is passed through unread ---

TEST(Triggers, CompressionAndRangesGoThroughBothWays) {
  const std::string body = "\x1f\x8b\x08 these are no real gzip bytes";
  World world(
      [&](Peer& peer) {
        const auto head = peer.read_head();
        for (const auto* field : {"Accept-Encoding: gzip, br\r\n", "Range: bytes=5-9\r\n", "If-Range: \"v1\"\r\n"}) {
          if (!has(head, field)) peer.send(ok(field));
        }
        peer.send(
            "HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Range: bytes 5-9/40\r\n"
            "Accept-Ranges: bytes\r\nETag: \"v1\"\r\nVary: Accept-Encoding\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
      },
      {.triggers = {{.path = "/file"}}});
  for (const auto* path : {"/file", "/fn/hello"}) {
    RawClient client(world.port());
    client.send(
        request(std::string("GET ") + path, "Accept-Encoding: gzip, br\r\nRange: bytes=5-9\r\nIf-Range: \"v1\"\r\n"));
    const auto answer = client.receive_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 206 Partial Content\r\n")) << answer;
    for (const auto* field : {"Content-Encoding: gzip\r\n", "Content-Range: bytes 5-9/40\r\n",
                              "Accept-Ranges: bytes\r\n", "ETag: \"v1\"\r\n", "Vary: Accept-Encoding\r\n"}) {
      EXPECT_TRUE(has(answer, field)) << field;
    }
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
  }
}

}  // namespace
}  // namespace hearth::gateway
