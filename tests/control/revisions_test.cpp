// One revision after the other through the dispatcher, and the end of its function.
#include "dispatcher_bench.h"

#include <thread>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using tests::FakeEngine;
using Kind = FakeEngine::Behaviour::Kind;

using RevisionsTest = DispatcherBench;

TEST_F(RevisionsTest, TellsTheEngineWhatStartsAreToCome) {
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

TEST_F(RevisionsTest, ANewRevisionForgetsWhatTheOldOneCouldNotDo) {
  engine_.behave("image-1", {.kind = Kind::exits});
  serve(1);
  EXPECT_TRUE(call().await_fault());
  serve(2);
  EXPECT_NE(call().await_lease(), nullptr);
}

TEST_F(RevisionsTest, ReplacesTheOldRevisionOnlyOnceTheNewOneIsWarm) {
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

TEST_F(RevisionsTest, ARevisionThatDoesNotStartLeavesTheOldOneServing) {
  serve(1);
  call().finish();
  engine_.behave("image-2", {.kind = Kind::exits});
  serve(2);
  ASSERT_TRUE(engine_.await([&](auto&) { return view().last_failure.has_value(); }));
  auto* lease = call().await_lease();
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->replica().revision, 1u);
}

TEST_F(RevisionsTest, RemovalLetsCallsInFlightEndAndLeavesNothing) {
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

}  // namespace
}  // namespace hearth::control
