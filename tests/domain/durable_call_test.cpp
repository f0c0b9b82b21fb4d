#include "domain/durable_call.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'000'000ms};
constexpr RetryPolicy kPolicy{.attempts = 4, .backoff = 1s, .max_backoff = 3s};

Outcome answer(int status, std::optional<std::chrono::seconds> retry_after = {}) {
  return {.status = status, .fault = {}, .retry_after = retry_after};
}
Outcome fault(Layer layer, std::optional<std::chrono::seconds> retry_after = {}) {
  return {.fault = Fault{.code = Code::unavailable, .layer = layer, .message = "why", .retry_after = retry_after}};
}
std::chrono::milliseconds wait(const Verdict& verdict) { return std::get<Retry>(verdict).due - kNow; }

TEST(DurableCall, IsDoneWithAnyAnswerBelow400) {
  for (const int status : {200, 202, 204, 301, 304}) {
    EXPECT_TRUE(std::holds_alternative<Done>(judge(kPolicy, 1, 0, answer(status), kNow, 0.5))) << status;
  }
}

TEST(DurableCall, IsTriedAgainWhereTheSameRequestMayPass) {
  for (const int status : {408, 425, 429, 500, 502, 503, 599}) {
    EXPECT_TRUE(std::holds_alternative<Retry>(judge(kPolicy, 1, 0, answer(status), kNow, 0.5))) << status;
  }
  EXPECT_TRUE(std::holds_alternative<Retry>(judge(kPolicy, 1, 0, fault(Layer::function), kNow, 0.5)));
}

TEST(DurableCall, IsGivenUpWhereItNeverWillWithTheReason) {
  for (const int status : {400, 401, 404, 409, 422}) {
    const auto verdict = judge(kPolicy, 1, 0, answer(status), kNow, 0.5);
    EXPECT_EQ(std::get<GiveUp>(verdict).reason, "the function answered " + std::to_string(status));
  }
}

TEST(DurableCall, IsGivenUpWhereItIsWrongTooLargeOrItsFunctionIsGone) {
  for (const auto code : {Code::invalid, Code::unprocessable, Code::not_found, Code::cancelled}) {
    const Outcome outcome{.fault = Fault{.code = code, .layer = Layer::limit, .message = "why"}};
    EXPECT_TRUE(std::holds_alternative<GiveUp>(judge(kPolicy, 1, 0, outcome, kNow, 0.5))) << name(code);
  }
}

TEST(DurableCall, IsGivenUpAfterItsLastAttempt) {
  EXPECT_TRUE(std::holds_alternative<Retry>(judge(kPolicy, 3, 0, answer(500), kNow, 0.5)));
  EXPECT_TRUE(std::holds_alternative<GiveUp>(judge(kPolicy, 4, 0, answer(500), kNow, 0.5)));
  EXPECT_EQ(std::get<GiveUp>(judge(kPolicy, 4, 0, fault(Layer::function), kNow, 0.5)).reason, "why");
}

TEST(DurableCall, WaitsTwiceAsLongEachTimeUpToTheMostWithFullJitter) {
  EXPECT_EQ(wait(judge(kPolicy, 1, 0, answer(500), kNow, 0.0)), 0ms);
  EXPECT_EQ(wait(judge(kPolicy, 1, 0, answer(500), kNow, 0.5)), 500ms);
  EXPECT_EQ(wait(judge(kPolicy, 2, 0, answer(500), kNow, 0.5)), 1'000ms);
  EXPECT_EQ(wait(judge(kPolicy, 3, 0, answer(500), kNow, 0.5)), 1'500ms);
  const RetryPolicy many{.attempts = 1'000, .backoff = 1s, .max_backoff = 5min};
  EXPECT_EQ(wait(judge(many, 900, 0, answer(500), kNow, 0.999)), 299'700ms);
}

TEST(DurableCall, ObeysRetryAfterUpToADay) {
  EXPECT_EQ(wait(judge(kPolicy, 1, 0, answer(503, 20s), kNow, 0.5)), 20'500ms);
  EXPECT_EQ(wait(judge(kPolicy, 1, 0, fault(Layer::engine, 7s), kNow, 0.0)), 7s);
  EXPECT_EQ(wait(judge(kPolicy, 1, 0, answer(503, std::chrono::hours{900}), kNow, 0.0)), 24h);
}

TEST(DurableCall, CountsNoAttemptWhereTheFunctionWasNotAsked) {
  for (const auto layer : {Layer::engine, Layer::gateway, Layer::limit}) {
    const auto verdict = judge(kPolicy, 4, 9, fault(layer), kNow, 0.5);
    ASSERT_TRUE(std::holds_alternative<Retry>(verdict));
    EXPECT_FALSE(std::get<Retry>(verdict).counts);
    EXPECT_EQ(wait(verdict), 1'500ms);
  }
  EXPECT_TRUE(std::get<Retry>(judge(kPolicy, 1, 9, fault(Layer::function), kNow, 0.5)).counts);
}

}  // namespace
}  // namespace hearth::domain
