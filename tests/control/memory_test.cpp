// Memory that all functions share: who waits for it, who makes room, and what is said where there is none.
#include "dispatcher_bench.h"

#include <string>
#include <thread>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using tests::FakeEngine;

// Functions of 256 MiB a replica, and memory for two of them.
class MemoryTest : public DispatcherBench {
 protected:
  MemoryTest()
      : DispatcherBench({.gateway_threads = 1, .max_starts = 4, .max_stops = 4, .memory = domain::mebibytes(512)}) {}

  // Answered, and its replica idle.
  void called(const std::string& name) {
    auto& caller = call(name, 1h);
    ASSERT_NE(caller.await_lease(), nullptr) << name;
    caller.finish();
  }
  std::size_t replicas(const std::string& name) const { return view(name).replicas.size(); }
};

TEST_F(MemoryTest, WhoeverIsCalledLeastMakesRoomForWhoIsCalled) {
  for (const auto* name : {"often", "seldom", "new"}) serve(name);
  called("seldom");
  called("often");
  clock_.advance(1min);
  called("often");
  clock_.advance(1min);
  called("new");
  EXPECT_TRUE(await_containers(2));
  EXPECT_EQ(replicas("often"), 1u);
  EXPECT_EQ(replicas("new"), 1u);
}

TEST_F(MemoryTest, ABusyReplicaIsNotStoppedForAnother) {
  for (const auto* name : {"one", "two", "three"}) serve(name);
  auto& one = call("one", 1h);
  auto& two = call("two", 1h);
  ASSERT_NE(one.await_lease(), nullptr);
  ASSERT_NE(two.await_lease(), nullptr);
  const auto three_until = clock_.now() + 1h;
  auto& three = call("three", 1h);
  clock_.advance(50ms);
  EXPECT_TRUE(three.held());
  EXPECT_EQ(engine_.containers(), 2u);
  one.finish();
  // Nobody tells that it idles: it is looked for, each time that the clock has moved on.
  while (three.held() && clock_.now() < three_until) {
    clock_.advance(100ms);
    std::this_thread::sleep_for(1ms);  // for the threads that look
  }
  ASSERT_NE(three.await_lease(), nullptr);
  EXPECT_EQ(replicas("two"), 1u);
  two.finish();
  three.finish();
}

TEST_F(MemoryTest, ThereIsNeverMoreThanFitsWhileOneStops) {
  for (const auto* name : {"one", "two", "three"}) serve(name);
  called("one");
  called("two");
  engine_.hold_stops(true);
  auto& three = call("three", 1h);
  clock_.advance(1s);
  EXPECT_TRUE(three.held());
  EXPECT_EQ(engine_.containers(), 2u);
  engine_.hold_stops(false);
  const auto* lease = three.await_lease();
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->times().turn.waited, 1s);
  EXPECT_TRUE(lease->times().turn.for_memory);
  three.finish();
}

TEST_F(MemoryTest, WhatIsPromisedToBeWarmStays) {
  serve("promised", {.memory = domain::mebibytes(512)}, {.min = 1});
  EXPECT_TRUE(await_containers(1));
  serve("other");
  auto& other = call("other", 10s);
  clock_.advance(10s);
  const auto fault = other.await_fault();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->layer, domain::Layer::limit);
  EXPECT_NE(fault->message.find("no memory came free for a replica of other"), std::string::npos) << fault->message;
  EXPECT_NE(fault->message.find("512Mi"), std::string::npos) << fault->message;
}

TEST_F(MemoryTest, WhatCanNeverFitIsToldSo) {
  serve("huge", {.memory = domain::gibibytes(1)});
  const auto fault = call("huge").await_fault();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->message, "a replica of huge may have 1Gi, and all replicas together 512Mi");
  serve("small");
  called("small");
}

TEST_F(MemoryTest, AFailedStartLeavesItsMemoryToOthers) {
  engine_.behave("broken", {.kind = FakeEngine::Behaviour::Kind::exits});
  serve("broken", {.memory = domain::mebibytes(512)});
  ASSERT_TRUE(call("broken").await_fault());
  serve("fine", {.memory = domain::mebibytes(512)});
  called("fine");
}

}  // namespace
}  // namespace hearth::control
