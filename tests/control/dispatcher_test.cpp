#include "control/dispatcher.h"

#include "caller.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <thread>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using tests::FakeEngine;
using Kind = FakeEngine::Behaviour::Kind;

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() { engine_.tell(dispatcher_); }

  void serve(std::uint64_t number, domain::Limits limits = {}, domain::Scale scale = {}) {
    domain::Revision revision;
    revision.function = {.name = "hello"};
    revision.number = number;
    revision.image = "image-" + std::to_string(number);
    revision.spec = {.name = revision.function,
                     .runtime = {},
                     .image = revision.image,
                     .build = {},
                     .handler = {},
                     .env = {},
                     .limits = limits,
                     .scale = scale,
                     .network = {}};
    revision.state = domain::RevisionState::ready;
    dispatcher_.serve(revision);
  }
  Caller& call(std::chrono::milliseconds timeout = 30s) {
    auto& caller = callers_.emplace_back(dispatcher_, clock_);
    EXPECT_TRUE(caller.call("hello", timeout));
    return caller;
  }
  FunctionView view() { return *dispatcher_.view({.name = "hello"}); }
  bool await_containers(std::size_t count) {
    return engine_.await([&](const FakeEngine& engine) { return engine.containers() == count; });
  }
  bool await_running(std::size_t count) {
    return engine_.await([&](const FakeEngine& engine) { return engine.running().size() == count; });
  }

  tests::FakeClock clock_;
  FakeEngine engine_;
  Dispatcher dispatcher_{engine_, clock_, {.gateway_threads = 2, .max_starts = 4, .effect_threads = 8}};
  std::deque<Caller> callers_;
};

TEST_F(DispatcherTest, HoldsTheFirstCallUntilAReplicaListensAndTellsWhatItWaitedFor) {
  engine_.behave({.held = true});
  serve(1);
  auto& first = call();
  ASSERT_TRUE(await_containers(1));
  EXPECT_TRUE(first.held());
  EXPECT_EQ(view().state, domain::State::initializing);

  clock_.advance(40ms);
  engine_.let_start();

  auto* lease = first.await_lease();
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->times().held, 40ms);
  EXPECT_EQ(lease->times().cold, 7ms);
  EXPECT_EQ(lease->times().init, 3ms);
  EXPECT_EQ(view().state, domain::State::executing);
  lease->finish(Outcome::completed);
  EXPECT_EQ(view().state, domain::State::warm);
}

TEST_F(DispatcherTest, TellsTheEngineWhatStartsAreToCome) {
  const domain::FunctionName name{.name = "hello"};
  serve(1);
  EXPECT_EQ(engine_.expected()[name], 1u);
  serve(2);
  EXPECT_EQ(engine_.expected()[name], 2u);
  dispatcher_.remove(name, 1s);
  EXPECT_TRUE(engine_.expected().empty());
  serve(3);
  dispatcher_.yield([](domain::ReplicaId) {});
  EXPECT_TRUE(engine_.expected().empty()) << "what follows this hearthd starts them";
}

TEST_F(DispatcherTest, GrantsAWarmCallOnTheSpotWithTheSlotsOwnConnection) {
  struct Marked : Connection {};
  serve(1);
  auto* first = call().await_lease();
  ASSERT_NE(first, nullptr);
  first->connection() = std::make_unique<Marked>();
  auto* marked = first->connection().get();
  first->finish(Outcome::completed);

  auto* second = call().await_lease();

  EXPECT_EQ(second->connection().get(), marked);
  EXPECT_EQ(second->times().held, 0us);
}

TEST_F(DispatcherTest, GoesColdAfterItsIdleTimeAndComesBack) {
  serve(1, {}, {.idle_timeout = 60s});
  call().finish();
  EXPECT_EQ(view().state, domain::State::warm);
  clock_.advance(59s);
  EXPECT_EQ(view().state, domain::State::warm);

  clock_.advance(2s);

  EXPECT_TRUE(await_containers(0));
  EXPECT_TRUE(engine_.await([&](auto&) { return view().replicas.empty(); }));
  EXPECT_EQ(view().state, domain::State::cold);
  EXPECT_NE(call().await_lease(), nullptr);
  EXPECT_EQ(engine_.starts(), 2u);
}

TEST_F(DispatcherTest, RefusesHeldCallsWithTheReasonThatTheStartGave) {
  engine_.behave({.kind = Kind::exits, .exit_code = 3});
  serve(1);
  const auto fault = call().await_fault();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->message, "the container exited with code 3 before it listened");
  EXPECT_EQ(http_status(*fault), 502);
  EXPECT_EQ(view().state, domain::State::error);
  EXPECT_EQ(view().last_failure->message, fault->message);
}

TEST_F(DispatcherTest, AFunctionThatCannotStartIsNotStartedForEveryCall) {
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

TEST_F(DispatcherTest, ANewRevisionForgetsWhatTheOldOneCouldNotDo) {
  engine_.behave("image-1", {.kind = Kind::exits});
  serve(1);
  EXPECT_TRUE(call().await_fault());
  serve(2);
  EXPECT_NE(call().await_lease(), nullptr);
}

TEST_F(DispatcherTest, ReplacesTheOldRevisionOnlyOnceTheNewOneIsWarm) {
  serve(1);
  call().finish();
  engine_.behave("image-2", {.held = true});
  serve(2);
  ASSERT_TRUE(await_containers(2));
  auto* during = call().await_lease();
  ASSERT_NE(during, nullptr);
  EXPECT_EQ(during->replica().revision, 1u);

  engine_.let_start("image-2");

  EXPECT_TRUE(engine_.await(
      [&](auto&) { return view().replicas.size() == 2 && view().replicas[1].phase == domain::Phase::warm; }));
  auto* after = call().await_lease();
  EXPECT_EQ(after->replica().revision, 2u);
  EXPECT_EQ(engine_.containers(), 2u);  // the old one still serves its call
  during->finish(Outcome::completed);
  EXPECT_TRUE(await_containers(1));
}

TEST_F(DispatcherTest, ARevisionThatDoesNotStartLeavesTheOldOneServing) {
  serve(1);
  call().finish();
  engine_.behave("image-2", {.kind = Kind::exits});
  serve(2);
  ASSERT_TRUE(engine_.await([&](auto&) { return view().last_failure.has_value(); }));
  auto* lease = call().await_lease();
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->replica().revision, 1u);
}

TEST_F(DispatcherTest, EndsAHeldCallAtItsDeadline) {
  engine_.behave({.held = true});
  serve(1);
  auto& caller = call(5s);
  ASSERT_TRUE(await_containers(1));
  clock_.advance(5s);
  const auto fault = caller.await_fault();
  ASSERT_TRUE(fault);
  EXPECT_EQ(http_status(*fault), 504);
  EXPECT_EQ(caller.heard(), 1);
}

TEST_F(DispatcherTest, AHeldCallThatLeavesHearsNothingMore) {
  engine_.behave({.held = true});
  serve(1);
  auto& leaver = call();
  auto& stayer = call();
  ASSERT_TRUE(await_containers(1));
  EXPECT_TRUE(leaver.cancel());
  engine_.let_start();
  ASSERT_NE(stayer.await_lease(), nullptr);
  EXPECT_EQ(leaver.heard(), 0);
  EXPECT_FALSE(leaver.cancel());
}

TEST_F(DispatcherTest, StartsAsManyAsTheBudgetOfAllFunctionsAllows) {
  engine_.behave({.held = true});
  serve(1, {.concurrency = 1}, {.max = 10});
  for (int i = 0; i < 10; ++i) call();
  ASSERT_TRUE(await_containers(4));
  engine_.let_start();
  for (auto& caller : callers_) EXPECT_NE(caller.await_lease(), nullptr);
  EXPECT_EQ(engine_.most_starting(), 4u);
  EXPECT_EQ(engine_.starts(), 10u);
}

TEST_F(DispatcherTest, ExplainsWhyAReplicaBrokeOff) {
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

TEST_F(DispatcherTest, SaysSoWhenNothingExplainsIt) {
  serve(1);
  auto* lease = call().await_lease();
  std::promise<std::optional<domain::Fault>> heard;
  dispatcher_.explain(*lease, 250ms, [&](auto why) { heard.set_value(std::move(why)); });
  clock_.advance(250ms);
  EXPECT_FALSE(heard.get_future().get());
}

TEST_F(DispatcherTest, GivesAReplicaUpThatPassedItsDeadlineAndCanDoNothingElse) {
  serve(1, {.concurrency = 1});
  auto* lease = call().await_lease();
  const auto overrun = lease->replica().id;
  lease->finish(Outcome::timed_out);
  auto* next = call().await_lease();
  ASSERT_NE(next, nullptr);
  EXPECT_NE(next->replica().id, overrun);
}

TEST_F(DispatcherTest, KeepsAReplicaThatServesOthersBesideAnOverrun) {
  serve(1, {.concurrency = 4});
  auto* lease = call().await_lease();
  const auto replica = lease->replica().id;
  lease->finish(Outcome::timed_out);
  EXPECT_EQ(call().await_lease()->replica().id, replica);
}

TEST_F(DispatcherTest, WarmCallsGoOnWhileTheEngineIsAwayAndColdOnesFailSoon) {
  serve(1, {.concurrency = 1}, {.max = 2});
  auto& warm = call();
  ASSERT_NE(warm.await_lease(), nullptr);
  engine_.go_away();
  warm.finish();
  EXPECT_NE(call().await_lease(), nullptr);

  domain::Revision other;
  other.function = {.name = "other"};
  other.number = 1;
  dispatcher_.serve(other);
  Caller cold{dispatcher_, clock_};
  ASSERT_TRUE(cold.call("other"));
  const auto fault = cold.await_fault();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->layer, domain::Layer::engine);
  EXPECT_EQ(http_status(*fault), 503);
  EXPECT_TRUE(fault->retry_after);
}

TEST_F(DispatcherTest, StartsAnewWhenTheEngineComesBackWithoutItsContainers) {
  serve(1);
  call().finish();
  engine_.go_away();
  engine_.come_back(false);
  ASSERT_TRUE(await_containers(0));
  EXPECT_NE(call().await_lease(), nullptr);
}

TEST_F(DispatcherTest, KeepsWhatOutlivedTheEngine) {
  serve(1);
  call().finish();
  engine_.go_away();
  engine_.come_back(true);
  EXPECT_NE(call().await_lease(), nullptr);
  EXPECT_EQ(engine_.starts(), 1u);
}

TEST_F(DispatcherTest, StopsInTheEndWhatTheEngineCouldNotStopAtOnce) {
  serve(1, {}, {.idle_timeout = 10s});
  call().finish();
  engine_.go_away();
  clock_.advance(11s);
  ASSERT_TRUE(engine_.await([&](auto&) { return !view().replicas.empty() && view().replicas[0].stopping; }));
  EXPECT_EQ(engine_.containers(), 1u);
  engine_.come_back(true);
  EXPECT_TRUE(engine_.await([&](const FakeEngine& engine) {
    clock_.advance(1s);
    return engine.containers() == 0;
  }));
}

TEST_F(DispatcherTest, AdoptsAReplicaOfTheServedRevisionOnly) {
  serve(2);
  EXPECT_FALSE(dispatcher_.adopt({.id = 7, .function = {.name = "hello"}, .revision = 1, .running = {}}));
  EXPECT_FALSE(dispatcher_.adopt({.id = 7, .function = {.name = "other"}, .revision = 2, .running = {}}));
  EXPECT_TRUE(dispatcher_.adopt({.id = 7, .function = {.name = "hello"}, .revision = 2, .running = {}}));
  EXPECT_EQ(call().await_lease()->replica().id, 7u);
  EXPECT_EQ(engine_.starts(), 0u);
}

TEST_F(DispatcherTest, StopsWhatItDidNotAdopt) {
  serve(1);
  auto* lease = call().await_lease();
  const auto stranger = lease->replica().id;
  lease->finish(Outcome::completed);
  serve(2);
  Dispatcher next{engine_, clock_, {}};
  EXPECT_FALSE(next.adopt({.id = stranger, .function = {.name = "hello"}, .revision = 1, .running = {}}));
  EXPECT_TRUE(engine_.await([&](const FakeEngine& engine) {
    const auto running = engine.running();
    return std::ranges::find(running, stranger) == running.end();
  }));
}

TEST_F(DispatcherTest, StartsNothingUntilItIsKnownWhatLives) {
  dispatcher_.away({.message = "not looked yet"});
  serve(1, {}, {.min = 1, .max = 1});
  ASSERT_TRUE(dispatcher_.adopt({.id = 7, .function = {.name = "hello"}, .revision = 1, .running = {}}));
  dispatcher_.looked();
  EXPECT_EQ(view().replicas.size(), 1u);
  EXPECT_EQ(engine_.starts(), 0u);
}

TEST_F(DispatcherTest, StopsThatTakeLongLeaveThreadsForStarts) {
  engine_.behave({.held = true});
  serve(1, {.concurrency = 1}, {.max = 10, .idle_timeout = 1s});
  for (int i = 0; i < 10; ++i) call();
  engine_.let_start();
  for (auto& caller : callers_) ASSERT_NE(caller.await_lease(), nullptr);
  engine_.hold_stops(true);
  for (auto& caller : callers_) caller.finish();
  clock_.advance(2s);
  ASSERT_TRUE(engine_.await([](const FakeEngine& engine) { return engine.stopping() >= 4; }));
  EXPECT_NE(call().await_lease(), nullptr);
  engine_.hold_stops(false);
}

TEST_F(DispatcherTest, RemovalLetsCallsInFlightEndAndLeavesNothing) {
  serve(1);
  auto* lease = call().await_lease();
  std::jthread remover{[&] { dispatcher_.remove({.name = "hello"}, 30s); }};
  ASSERT_TRUE(engine_.await([&](auto&) {
    Caller probe{dispatcher_, clock_};
    return !probe.call("hello");
  }));
  EXPECT_EQ(engine_.containers(), 1u);
  lease->finish(Outcome::completed);
  remover.join();
  EXPECT_EQ(engine_.containers(), 0u);
  EXPECT_FALSE(dispatcher_.view({.name = "hello"}));
}

TEST_F(DispatcherTest, TellsWhoWaitsThatSomethingChanged) {
  serve(1);
  const auto seen = dispatcher_.await_change({.name = "hello"}, 0, clock_.now());
  std::jthread later{[&] { call().finish(); }};
  const auto next = dispatcher_.await_change({.name = "hello"}, seen, clock_.now() + 1h);
  EXPECT_NE(next, seen);
}

// Threads that call, leave, overrun and break off at once, while replicas die: each call is answered exactly once.
TEST_F(DispatcherTest, AnswersEveryCallOnceWhileThreadsAndDeathsInterfere) {
  serve(1, {.concurrency = 2}, {.max = 3});
  std::atomic<int> answered = 0;
  std::atomic<bool> done = false;
  std::jthread killer{[&] {
    while (!done) {
      const auto running = engine_.running();
      if (!running.empty()) engine_.die(running.front(), {.code = 1});
      clock_.advance(500ms);
      std::this_thread::yield();
    }
  }};
  constexpr int kCalls = 300;
  std::vector<std::jthread> threads;
  for (std::uint32_t thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kCalls; ++i) {
        Caller caller{dispatcher_, clock_};
        ASSERT_TRUE(caller.call("hello", 3600s, thread));
        if (auto* lease = caller.await_lease()) {
          lease->finish(i % 7 == 0 ? Outcome::broken : i % 11 == 0 ? Outcome::timed_out : Outcome::completed);
          ++answered;
        } else if (caller.await_fault()) {
          ++answered;
        }
        EXPECT_EQ(caller.heard(), 1);
      }
    });
  }
  threads.clear();
  done = true;
  EXPECT_EQ(answered, 2 * kCalls);
}

}  // namespace
}  // namespace hearth::control
