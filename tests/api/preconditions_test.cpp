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
}

TEST(Precondition, RefusesAChangeWhereItDoesNotHold) {
  for (const auto* tags : {"\"6\"", "\"6\", \"8\"", "W/\"7\"", "\"abc\"", "\"\""}) {
    try {
      read_precondition(with("if-match", tags)).expected(7, "function f");
      ADD_FAILURE() << tags;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault().code, Code::conflict) << tags;
      EXPECT_THAT(error.fault().message, testing::StartsWith("function f is at version 7")) << tags;
    }
  }
  EXPECT_THROW(read_precondition(with("if-match", "*")).expected(0, "f"), Error) << "there is none";
  EXPECT_THROW(read_precondition(with("if-match", "\"0\"")).expected(0, "f"), Error);
}

TEST(Precondition, RefusesHeadersThatAreNone) {
  for (const auto* tags : {"7", "\"7", "\"7\" \"8\"", "7\"", "\"7\";x", "W/7"}) {
    EXPECT_THROW(read_precondition(with("if-match", tags)), Error) << tags;
  }
  EXPECT_THROW(read_precondition(with("if-none-match", "\"7\"")), Error);
  auto both = with("if-match", "*");
  both.headers.emplace("if-none-match", "*");
  EXPECT_THROW(read_precondition(both), Error);
}

TEST(Precondition, KnowsWhatTheClientHasAlready) {
  EXPECT_FALSE(is_known({}, 7));
  EXPECT_TRUE(is_known(with("if-none-match", "\"7\""), 7));
  EXPECT_TRUE(is_known(with("if-none-match", "\"1\",\"7\""), 7));
  EXPECT_FALSE(is_known(with("if-none-match", "\"8\""), 7));
}

}  // namespace
}  // namespace hearth::api
