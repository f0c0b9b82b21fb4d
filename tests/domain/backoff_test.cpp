#include "domain/backoff.h"

#include <gtest/gtest.h>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;
constexpr Time kStart{};

TEST(Backoff, DoesNotWaitBeforeAnythingFailed) {
  const Backoff backoff{{.first = 1s, .most = 60s}};
  EXPECT_FALSE(backoff.waiting(kStart));
  EXPECT_EQ(backoff.failures(), 0u);
}

TEST(Backoff, DoublesItsWaitUpToTheMost) {
  Backoff backoff{{.first = 1s, .most = 10s}};
  Time now = kStart + 1h;
  for (const auto wait : {1s, 2s, 4s, 8s, 10s, 10s}) {
    backoff.failed(now);
    EXPECT_EQ(backoff.retry_at(), now + wait);
    EXPECT_TRUE(backoff.waiting(now + wait - 1ns));
    EXPECT_FALSE(backoff.waiting(now + wait));
    now += wait;
  }
  EXPECT_EQ(backoff.failures(), 6u);
}

TEST(Backoff, LetsFreeFailuresPassWithoutAWait) {
  Backoff backoff{{.first = 1s, .most = 60s}};
  backoff.failed(kStart, 1);
  EXPECT_FALSE(backoff.waiting(kStart));
  EXPECT_EQ(backoff.failures(), 1u);
  backoff.failed(kStart, 1);
  EXPECT_EQ(backoff.retry_at(), kStart + 1s);
}

TEST(Backoff, ForgetsEverythingWhenSomethingSucceeds) {
  Backoff backoff{{.first = 1s, .most = 60s}};
  for (int i = 0; i < 5; ++i) backoff.failed(kStart);
  backoff.succeeded();
  EXPECT_FALSE(backoff.waiting(kStart));
  backoff.failed(kStart);
  EXPECT_EQ(backoff.retry_at(), kStart + 1s);
}

TEST(Backoff, NeverOverflowsHoweverOftenItFails) {
  Backoff backoff{{.first = 1h, .most = 24h}};
  for (int i = 0; i < 10'000; ++i) backoff.failed(kStart);
  EXPECT_EQ(backoff.retry_at(), kStart + 24h);
}

}  // namespace
}  // namespace hearth::domain
