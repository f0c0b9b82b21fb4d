#include "control/durable_calls.h"

#include "fakes/fake_call_store.h"
#include "fakes/fake_caller.h"
#include "fakes/fake_clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using domain::CallState;
using domain::Code;
using domain::Layer;
using tests::FakeCaller;

class DurableCallsTest : public testing::Test {
 protected:
  DurableCallsTest() { open(); }

  void open() {
    DurableCalls::Settings settings;
    settings.at_once = 40;
    settings.find = [this](const domain::FunctionName& function) -> std::optional<DurableCalls::Facts> {
      if (function.name == "gone") return std::nullopt;
      return DurableCalls::Facts{.retry = {.attempts = 3, .backoff = 1s, .max_backoff = 10s}, .capacity = capacity_};
    };
    settings.report = [this](const auto& why_not) { (why_not ? reports_ : mends_) += 1; };
    calls_ = std::make_unique<DurableCalls>(store_, caller_, clock_, std::move(settings));
    calls_->start();
  }
  void restart() {
    calls_.reset();
    open();
  }

  std::variant<std::string, domain::Fault> submit(const std::string& id, const std::string& function = "hello") {
    ports::NewCall call{.id = id,
                        .key = {},
                        .function = {.name = function},
                        .trigger = "http",
                        .accepted = clock_.wall_now(),
                        .due = clock_.wall_now(),
                        .head = "POST /\n",
                        .body = {.bytes = "body", .file = {}, .size = 4}};
    std::promise<std::variant<std::string, domain::Fault>> told;
    calls_->submit(std::move(call), [&told](const auto& answer) { told.set_value(answer); });
    return told.get_future().get();
  }
  FakeCaller::Attempt next() {
    auto attempt = caller_.next();
    if (!attempt) throw std::runtime_error("no attempt came");
    return std::move(*attempt);
  }
  // Moves time on until an attempt comes.
  FakeCaller::Attempt next_after_a_wait() {
    for (int i = 0; i < 1'000 && !caller_.await(1, 5ms); ++i) clock_.advance(1s);
    return next();
  }
  void await_state(const std::string& id, CallState state) {
    for (int i = 0; i < 2'000 && store_.get(id)->summary.state != state; ++i) std::this_thread::sleep_for(5ms);
    ASSERT_EQ(store_.get(id)->summary.state, state) << id;
  }

  tests::FakeCallStore store_;
  FakeCaller caller_;
  tests::FakeClock clock_;
  std::atomic<std::uint32_t> capacity_{20};
  std::atomic<int> reports_{0};
  std::atomic<int> mends_{0};
  std::unique_ptr<DurableCalls> calls_;
};

TEST_F(DurableCallsTest, HandACallToItsFunctionAndKeepTheAnswer) {
  EXPECT_EQ(std::get<std::string>(submit("a")), "a");
  auto attempt = next();
  EXPECT_EQ(attempt.errand.id, "a");
  EXPECT_EQ(attempt.errand.function.name, "hello");
  EXPECT_EQ(attempt.errand.attempt, 1u);
  EXPECT_EQ(attempt.errand.body.bytes, "body");
  attempt.answer(201, "done");
  await_state("a", CallState::succeeded);
  EXPECT_EQ(store_.get("a")->answer->body.bytes, "done");
}

TEST_F(DurableCallsTest, TryAgainAfterAWaitAndGiveUpWithEveryReason) {
  submit("a");
  next().answer(500);
  auto second = next_after_a_wait();
  EXPECT_EQ(second.errand.attempt, 2u);
  second.fail(Code::timeout, Layer::function);
  next_after_a_wait().answer(503);
  await_state("a", CallState::dead);
  const auto failed = store_.get("a")->failed;
  ASSERT_EQ(failed.size(), 3u);
  EXPECT_EQ(failed[0].reason, "the function answered 500");
  EXPECT_EQ(failed[1].reason, "it failed");
  EXPECT_EQ(failed[2].reason, "the function answered 503");
  EXPECT_EQ(store_.get("a")->answer->status, 503);
}

TEST_F(DurableCallsTest, LeaveHalfOfWhatAFunctionCanDoToThoseWhoWait) {
  capacity_ = 5;
  for (int i = 0; i < 10; ++i) submit("c" + std::to_string(i));
  ASSERT_TRUE(caller_.await(3));
  EXPECT_FALSE(caller_.await(4, 50ms));
  next().answer(200);
  EXPECT_TRUE(caller_.await(3));
}

TEST_F(DurableCallsTest, LetNoFunctionTakeTheTurnOfAnother) {
  capacity_ = 1'000;
  for (int i = 0; i < 100; ++i) submit("c" + std::to_string(i));
  submit("other", "other");
  ASSERT_TRUE(caller_.await(11));
  EXPECT_FALSE(caller_.await(12, 50ms));
}

TEST_F(DurableCallsTest, CountNoAttemptWhileTheEngineIsAwayAndAskForOneCallAtATime) {
  capacity_ = 2;
  submit("a"), submit("b");
  for (int round = 0; round < 8; ++round) next_after_a_wait().fail(Code::unavailable, Layer::engine);
  EXPECT_EQ(store_.get("a")->summary.attempts + store_.get("b")->summary.attempts, 0u);
  for (int i = 0; i < 2; ++i) next_after_a_wait().answer(200);
  await_state("a", CallState::succeeded);
  await_state("b", CallState::succeeded);
}

TEST_F(DurableCallsTest, RunWhatAnEarlierRunLeft) {
  for (int i = 0; i < 30; ++i) submit("c" + std::to_string(i));
  ASSERT_TRUE(caller_.await(10));
  restart();
  std::set<std::string> ran;
  while (ran.size() < 30) {
    auto attempt = next();
    ran.insert(attempt.errand.id);
    attempt.answer(200);
  }
  for (int i = 0; i < 30; ++i) await_state("c" + std::to_string(i), CallState::succeeded);
  EXPECT_EQ(store_.get("c0")->failed.at(0).reason, ports::kInterrupted);
}

TEST_F(DurableCallsTest, KeepTheEndOfACallUntilTheDiskTakesIt) {
  submit("a");
  auto attempt = next();
  store_.fail_writes(domain::Fault{.code = Code::full, .message = "the disk is full"});
  EXPECT_EQ(std::get<domain::Fault>(submit("b")).code, Code::full);
  attempt.answer(200, "kept");
  while (reports_ == 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(store_.get("a")->summary.state, CallState::queued);
  store_.fail_writes(std::nullopt);
  for (int i = 0; i < 5'000 && store_.get("a")->summary.state != CallState::succeeded; ++i) {
    clock_.advance(100ms);
    std::this_thread::sleep_for(1ms);
  }
  await_state("a", CallState::succeeded);
  EXPECT_EQ(store_.get("a")->answer->body.bytes, "kept");
  for (int i = 0; i < 2'000 && mends_ == 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(reports_, 1);
  EXPECT_EQ(mends_, 1);
  EXPECT_EQ(caller_.count(), 0u);
}

TEST_F(DurableCallsTest, CancelWhatWaitsAndWhatRuns) {
  capacity_ = 1;
  submit("runs"), submit("waits");
  ASSERT_TRUE(caller_.await(1));
  EXPECT_TRUE(calls_->cancel("waits"));
  EXPECT_TRUE(calls_->cancel("runs"));
  EXPECT_FALSE(calls_->cancel("runs"));
  EXPECT_FALSE(calls_->cancel("none"));
  submit("next");
  auto attempt = next();
  EXPECT_EQ(attempt.errand.id, "next");
  attempt.answer(200);
  await_state("next", CallState::succeeded);
  EXPECT_EQ(store_.get("runs")->summary.state, CallState::cancelled);
}

TEST_F(DurableCallsTest, RedriveADeadLetter) {
  submit("a");
  next().answer(400);
  await_state("a", CallState::dead);
  EXPECT_TRUE(calls_->redrive("a"));
  auto attempt = next();
  EXPECT_EQ(attempt.errand.attempt, 1u);
  attempt.answer(200);
  await_state("a", CallState::succeeded);
  EXPECT_FALSE(calls_->redrive("a"));
}

TEST_F(DurableCallsTest, RedriveDeadLettersAPageAtATime) {
  for (const char* id : {"a", "b", "c"}) {
    submit(id);
    next().answer(400);
    await_state(id, CallState::dead);
  }
  submit("d", "other");
  next().answer(400);
  const ports::CallStore::Filter filter{.function = domain::FunctionName{.name = "hello"}, .state = CallState::dead};
  const auto first = calls_->redrive(filter, "", 2);
  EXPECT_EQ(first.count, 2u);
  EXPECT_EQ(first.next, "b");
  const auto second = calls_->redrive(filter, first.next, 2);
  EXPECT_EQ(second.count, 1u);
  EXPECT_EQ(second.next, "");
  for (int i = 0; i < 3; ++i) next().answer(200);
  for (const char* id : {"a", "b", "c"}) await_state(id, CallState::succeeded);
  EXPECT_EQ(store_.get("d")->summary.state, CallState::dead);
}

TEST_F(DurableCallsTest, RedriveNoCancelledCallWhoseAttemptHasNotEnded) {
  submit("a");
  auto attempt = next();  // the caller's no more: it ends when the test says so
  EXPECT_TRUE(calls_->cancel("a"));
  EXPECT_THROW(calls_->redrive("a"), domain::Error);
  const ports::CallStore::Filter filter{.space = "default", .state = CallState::cancelled};
  EXPECT_EQ(calls_->redrive(filter, "", 10).count, 0u);
  attempt.fail(Code::cancelled, Layer::client);
  EXPECT_EQ(calls_->redrive(filter, "", 10).count, 1u);
  next().answer(200);
  await_state("a", CallState::succeeded);
}

TEST_F(DurableCallsTest, TellHowTheyStandAndWhatAttemptsCameTo) {
  capacity_ = 2;  // one at once
  for (const char* id : {"a", "b", "c"}) submit(id);
  next().answer(200);
  auto runs = next();
  const auto stats = calls_->stats().functions;
  ASSERT_EQ(stats.size(), 1u);
  EXPECT_EQ(stats[0].function.name, "hello");
  EXPECT_EQ(stats[0].queued, 2u);
  EXPECT_EQ(stats[0].running, 1u);
  EXPECT_EQ(stats[0].first_due, clock_.wall_now());
  EXPECT_EQ(stats[0].attempts[static_cast<std::size_t>(domain::AttemptEnding::succeeded)], 1u);
  runs.answer(500);
  next().answer(400);
  next_after_a_wait().fail(Code::unavailable, Layer::engine);
  next_after_a_wait().answer(200);
  EXPECT_EQ(calls_->stats().functions.at(0).attempts, (std::array<std::uint64_t, 5>{2, 1, 1, 1, 0}));
}

TEST_F(DurableCallsTest, GiveUpACallWhoseFunctionIsGone) {
  submit("a", "gone");
  await_state("a", CallState::dead);
  EXPECT_EQ(store_.get("a")->summary.reason, "there is no function gone");
}

TEST_F(DurableCallsTest, ForgetWhatEndedLongAgo) {
  submit("a");
  next().answer(200);
  await_state("a", CallState::succeeded);
  clock_.advance(23h);
  submit("b");
  next().answer(200);
  ASSERT_TRUE(store_.get("a"));
  clock_.advance(2h);
  for (int i = 0; i < 2'000 && store_.get("a"); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_FALSE(store_.get("a"));
  EXPECT_TRUE(store_.get("b"));
}

}  // namespace
}  // namespace hearth::control
