#include "api/preconditions.h"

#include "domain/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::api {
namespace {

using domain::Code;
using domain::Error;

Request with(std::string name, std::string value) {
  Request request;
  request.headers.emplace(std::move(name), std::move(value));
  return request;
}

TEST(Precondition, LetsAChangeThroughWhereItHolds) {
  EXPECT_EQ(read_precondition({}).expected(7, "f"), std::nullopt) << "nothing was asked";
  EXPECT_EQ(read_precondition(with("if-none-match", "*")).expected(7, "f"), 0u) << "the store refuses it then";
  EXPECT_EQ(read_precondition(with("if-match", "\"7\"")).expected(7, "f"), 7u);
  EXPECT_EQ(read_precondition(with("if-match", "\"6\" , \"7\"")).expected(7, "f"), 7u);
  EXPECT_EQ(read_precondition(with("if-match", "*")).expected(7, "f"), 7u);
  EXPECT_EQ(read_precondition(with("if-match", etag(7, "in whatever state"))).expected(7, "f"), 7u);
}

TEST(Precondition, RefusesAChangeWhereItDoesNotHold) {
  for (const auto* tags : {"\"6\"", "\"6\", \"8\"", "W/\"7\"", "\"abc\"", "\"\""}) {
    try {
      read_precondition(with("if-match", tags)).expected(7, "function f");
      ADD_FAILURE() << tags;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault().code, Code::stale) << tags;
      EXPECT_THAT(error.fault().message, testing::StartsWith("function f is at version 7")) << tags;
    }
  }
  EXPECT_THROW(read_precondition(with("if-match", "*")).expected(0, "f"), Error) << "there is none";
  EXPECT_THROW(read_precondition(with("if-match", "\"0\"")).expected(0, "f"), Error);
}

TEST(Precondition, RefusesHeadersThatAreNone) {
  for (const auto* tags : {"7", "\"7", "\"7\" \"8\"", "7\"", "\"7\";x", "W/7", "\"7 8\"", "\"7\t\""}) {
    EXPECT_THROW(read_precondition(with("if-match", tags)), Error) << tags;
  }
  EXPECT_THROW(read_precondition(with("if-none-match", "\"7\"")), Error);
  auto both = with("if-match", "*");
  both.headers.emplace("if-none-match", "*");
  EXPECT_THROW(read_precondition(both), Error);
}

Response document(std::string text) {
  return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = std::move(text)};
}

std::string etag_of(const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "ETag") return value;
  }
  return {};
}

TEST(UnlessKnown, SendsAgainOnlyWhatLooksDifferent) {
  const auto first = unless_known({}, document("[1]"));
  ASSERT_EQ(first.status, 200);
  const auto tag = etag_of(first);
  for (const auto& list : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const auto again = unless_known(with("if-none-match", list), document("[1]"));
    EXPECT_EQ(again.status, 304) << list;
    EXPECT_EQ(etag_of(again), tag) << list;
    EXPECT_EQ(again.body, "") << list;
  }
  EXPECT_EQ(unless_known(with("if-none-match", tag), document("[2]")).status, 200);
  EXPECT_THROW(unless_known(with("if-none-match", "7"), document("[1]")), Error);
}

TEST(UnlessKnown, LeavesOtherAnswersAlone) {
  EXPECT_EQ(etag_of(unless_known({}, {.status = 404, .headers = {{"Content-Type", "application/json"}}})), "");
  EXPECT_EQ(etag_of(unless_known({}, {.status = 200, .headers = {{"Content-Type", "text/plain"}}})), "");
  auto versioned = document("{}");
  versioned.headers.emplace_back("ETag", etag(7, "{}"));
  EXPECT_EQ(etag_of(unless_known({}, versioned)), etag(7, "{}"));
}

}  // namespace
}  // namespace hearth::api
