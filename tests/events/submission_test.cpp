#include "events/submission.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth::events {
namespace {

std::string head_of(const std::string& request, const std::string& client = "192.0.2.7:4711") {
  http::RequestReader reader;
  EXPECT_EQ(reader.read(request), http::Progress::done);
  return stored_head(reader.head(), *async_target(reader.head().target), client);
}

TEST(Submission, FindsTheNameAndWhatIsTheFunctionsOwn) {
  const auto target = async_target("/async/space.hello/a/b?c=d");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->name, "space.hello");
  EXPECT_EQ(target->prefix, "/async/space.hello");
  EXPECT_EQ(target->rest, "/a/b?c=d");
  EXPECT_EQ(async_target("/async/hello?x")->rest, "?x");
  EXPECT_EQ(async_target("/async/hello")->rest, "");
  for (const char* none : {"/async/", "/async", "/async//x", "/async/?x", "/fn/hello", "/"}) {
    EXPECT_FALSE(async_target(none)) << none;
  }
}

TEST(Submission, KeepsWhatTheFunctionIsToSeeAndSaysWhichWayItCame) {
  EXPECT_EQ(head_of("PUT /async/hello/a?b=c HTTP/1.1\r\nHost: example.org\r\nContent-Type: text/plain\r\nX-Own: 1\r\n"
                    "Content-Length: 4\r\n\r\n"),
            "PUT /a?b=c\nHost: example.org\nContent-Type: text/plain\nX-Own: 1\nX-Forwarded-For: 192.0.2.7\n"
            "X-Forwarded-Proto: http\nX-Forwarded-Host: example.org\nX-Forwarded-Prefix: /async/hello\n");
}

TEST(Submission, KeepsNothingThatIsOfTheWayOrOnlyOursToSay) {
  const auto head = head_of(
      "POST /async/hello HTTP/1.1\r\nHost: h\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\n"
      "Expect: 100-continue\r\nTrailer: X-T\r\nHearth-Call-Id: 1\r\nHearth-Attempt: 9\r\nhearth_trigger: cron\r\n"
      "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nUpgrade: x\r\n\r\n",
      "[2001:db8::1]:4711");
  EXPECT_EQ(head,
            "POST /\nHost: h\nX-Forwarded-For: 2001:db8::1\nX-Forwarded-Proto: http\nX-Forwarded-Host: h\n"
            "X-Forwarded-Prefix: /async/hello\n");
}

TEST(Submission, TellsHowACallStands) {
  ports::CallRecord record;
  record.summary = {.id = "01a0",
                    .function = {.space = "default", .name = "hello"},
                    .trigger = "http",
                    .state = domain::CallState::dead,
                    .attempts = 2,
                    .misses = 0,
                    .accepted = domain::WallTime{std::chrono::milliseconds{1'790'000'000'007}},
                    .due = {},
                    .started = {},
                    .finished = domain::WallTime{std::chrono::milliseconds{1'790'000'001'000}},
                    .status = 500,
                    .reason = "it said \"no\""};
  EXPECT_EQ(standing(record),
            "{\"id\":\"01a0\",\"function\":\"hello\",\"state\":\"dead\",\"attempts\":2,"
            "\"accepted\":\"2026-09-21T14:13:20.007Z\",\"finished\":\"2026-09-21T14:13:21.000Z\",\"status\":500,"
            "\"reason\":\"it said \\\"no\\\"\"}\n");
}

}  // namespace
}  // namespace hearth::events
