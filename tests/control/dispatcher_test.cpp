// Calls: held, granted, refused, ended; and what all functions' starts and stops share.
#include "dispatcher_bench.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using tests::FakeEngine;

using DispatcherTest = DispatcherBench;

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

class ManyStartsTest : public DispatcherBench {
 protected:
  static constexpr std::uint32_t kMany = 20;
  ManyStartsTest() : DispatcherBench({.gateway_threads = 1, .max_starts = kMany, .max_stops = 1}) {}
};

TEST_F(ManyStartsTest, AreAsManyAtOnceAsTheyMayBeHoweverManyThatIs) {
  engine_.behave({.held = true});
  for (std::uint32_t i = 0; i < kMany + 1; ++i) {
    const auto name = "f" + std::to_string(i);
    serve(name);
    call(name);
  }
  ASSERT_TRUE(await_containers(kMany));
  clock_.advance(30ms);
  engine_.let_start();

  ASSERT_NE(callers_.front().await_lease(), nullptr);
  ASSERT_NE(callers_.back().await_lease(), nullptr);
  EXPECT_EQ(engine_.most_starting(), kMany);
  EXPECT_EQ(callers_.front().await_lease()->times().turn.waited, 0ms);
  const auto& last = *callers_.back().await_lease();
  EXPECT_EQ(last.times().turn.waited, 30ms);
  EXPECT_FALSE(last.times().turn.for_memory);
  for (auto& caller : callers_) EXPECT_NE(caller.await_lease(), nullptr);
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

TEST_F(DispatcherTest, ClosesAnIdleReplicasConnectionsBeforeItIsStopped) {
  struct Watched : Connection {
    explicit Watched(std::atomic<bool>& closed) : closed(closed) {}
    ~Watched() override { closed = true; }
    std::atomic<bool>& closed;
  };
  std::atomic<bool> closed{false};
  serve(1, {}, {.idle_timeout = 60s});
  auto* lease = call().await_lease();
  ASSERT_NE(lease, nullptr);
  lease->connection() = std::make_unique<Watched>(closed);
  lease->finish(Outcome::completed);
  EXPECT_FALSE(closed);

  engine_.hold_stops(true);
  clock_.advance(61s);
  ASSERT_TRUE(engine_.await([](const FakeEngine& engine) { return engine.stopping() == 1; }));

  EXPECT_TRUE(closed);
  engine_.hold_stops(false);
  EXPECT_TRUE(await_containers(0));
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

TEST_F(DispatcherTest, EndsAHeldCallAtItsDeadline) {
  engine_.behave({.held = true});
  serve(1);
  auto& caller = call("hello", 5s);
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
