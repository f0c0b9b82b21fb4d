// Replicas that do not start, break off or overrun, and what callers hear of it.
#include "dispatcher_bench.h"

#include <gmock/gmock.h>

#include <future>
#include <optional>
#include <utility>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using tests::FakeEngine;
using Kind = FakeEngine::Behaviour::Kind;

using FailingTest = DispatcherBench;

TEST_F(FailingTest, RefusesHeldCallsWithTheReasonThatTheStartGave) {
  engine_.behave({.kind = Kind::exits, .exit_code = 3});
  serve(1);
  const auto fault = call().await_fault();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->message, "the container exited with code 3 before it listened");
  EXPECT_EQ(http_status(*fault), 502);
  EXPECT_EQ(view().state, domain::State::error);
  EXPECT_EQ(view().last_failure->message, fault->message);
}

TEST_F(FailingTest, AFunctionThatCannotStartIsNotStartedForEveryCall) {
  engine_.behave({.kind = Kind::exits});
  serve(1);
  for (int i = 0; i < 600; ++i) {
    EXPECT_TRUE(call().await_fault());
    callers_.clear();
    clock_.advance(1s);
  }
  EXPECT_LE(engine_.starts(), 20u);  // 1 s, 2 s, 4 s … then once a minute
  EXPECT_GE(engine_.starts(), 10u);
}

TEST_F(FailingTest, ExplainsWhyAReplicaBrokeOff) {
  serve(1);
  auto* lease = call().await_lease();
  std::promise<std::optional<domain::Fault>> heard;
  dispatcher_.explain(*lease, 250ms, [&](auto why) { heard.set_value(std::move(why)); });
  engine_.die(lease->replica().id, {.code = 137, .out_of_memory = true});
  const auto why = heard.get_future().get();
  ASSERT_TRUE(why);
  EXPECT_THAT(why->message, testing::HasSubstr("ran out of memory: its limit is 256Mi"));
  lease->finish(Outcome::broken);
  EXPECT_TRUE(await_containers(0));
}

TEST_F(FailingTest, SaysSoWhenNothingExplainsIt) {
  serve(1);
  auto* lease = call().await_lease();
  std::promise<std::optional<domain::Fault>> heard;
  dispatcher_.explain(*lease, 250ms, [&](auto why) { heard.set_value(std::move(why)); });
  clock_.advance(250ms);
  EXPECT_FALSE(heard.get_future().get());
}

TEST_F(FailingTest, GivesAReplicaUpThatPassedItsDeadlineAndCanDoNothingElse) {
  serve(1, {.concurrency = 1});
  auto* lease = call().await_lease();
  const auto overrun = lease->replica().id;
  lease->finish(Outcome::timed_out);
  auto* next = call().await_lease();
  ASSERT_NE(next, nullptr);
  EXPECT_NE(next->replica().id, overrun);
}

TEST_F(FailingTest, KeepsAReplicaThatServesOthersBesideAnOverrun) {
  serve(1, {.concurrency = 4});
  auto* lease = call().await_lease();
  const auto replica = lease->replica().id;
  lease->finish(Outcome::timed_out);
  EXPECT_EQ(call().await_lease()->replica().id, replica);
}

}  // namespace
}  // namespace hearth::control
