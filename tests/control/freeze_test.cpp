// Frozen replicas through the dispatcher: what its engine is asked, what calls wait for, and what becomes of failures.
#include "dispatcher_bench.h"

#include <deque>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using domain::Freeze;
using domain::Phase;
using tests::FakeEngine;

constexpr Freeze kAfterASecond{.when = Freeze::When::after, .idle = 1s};

struct Marked : Connection {};

class FreezeTest : public DispatcherBench {
 protected:
  void serve(const std::string& runtime, Freeze freeze, ports::Address address = ports::TcpAddress{"127.0.0.1", 1}) {
    engine_.behave({.address = std::move(address)});
    auto revision = revision_of("hello");
    revision.spec.runtime = runtime;
    revision.spec.scale.freeze = freeze;
    dispatcher_.serve(revision);
  }
  ReplicaView replica() {
    const auto now = view();
    return now.replicas.empty() ? ReplicaView{} : now.replicas[0];
  }
  bool await_phase(Phase phase) {
    return engine_.await([&](auto&) { return replica().phase == phase; });
  }
  void freeze() {
    call().finish();
    clock_.advance(1s);
    ASSERT_TRUE(await_phase(Phase::frozen));
    ASSERT_TRUE(engine_.frozen(replica().id));
  }
};

TEST_F(FreezeTest, ACallThawsWhatIsFrozenAndSaysSo) {
  serve("", kAfterASecond);
  freeze();
  const auto id = replica().id;

  auto* lease = call().await_lease();

  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->replica().id, id);
  EXPECT_FALSE(engine_.frozen(id));
  EXPECT_EQ(lease->times().cold, 0us) << "it was never started anew";
  EXPECT_EQ(engine_.starts(), 1u);
}

TEST_F(FreezeTest, AQuietFunctionOfARuntimeIsFrozenUnasked) {
  serve("python", {});
  freeze();
}

TEST_F(FreezeTest, WhatStirsIsLeftAwakeAndSaysWhy) {
  engine_.stir("a timer");
  serve("python", {});
  call().finish();
  clock_.advance(1s);
  ASSERT_TRUE(engine_.await([&](auto&) { return replica().awake == "a timer"; }));
  EXPECT_EQ(replica().phase, Phase::warm);
  EXPECT_NE(call().await_lease(), nullptr);
  callers_.back().finish();
  engine_.stir("");
  clock_.advance(2s);
  EXPECT_TRUE(await_phase(Phase::frozen)) << "it is asked again";
  EXPECT_EQ(replica().awake, "");
}

TEST_F(FreezeTest, AnImageIsLeftAloneUnlessATimeIsGiven) {
  serve("", {});
  call().finish();
  clock_.advance(30s);
  EXPECT_EQ(replica().phase, Phase::warm);
  EXPECT_EQ(engine_.freezes(), 0u);
}

TEST_F(FreezeTest, NeverIsNever) {
  serve("python", {.when = Freeze::When::never});
  call().finish();
  clock_.advance(30s);
  EXPECT_EQ(replica().phase, Phase::warm);
  EXPECT_EQ(engine_.freezes(), 0u);
}

// A server that is not ours closes what is idle by a clock that goes on while it is frozen.
TEST_F(FreezeTest, KeepsOnlyConnectionsToOurOwnBootstraps) {
  for (const bool own : {false, true}) {
    serve(own ? "python" : "", kAfterASecond,
          own ? ports::Address{ports::UnixAddress{}} : ports::Address{ports::TcpAddress{"127.0.0.1", 1}});
    auto* lease = call().await_lease();
    ASSERT_NE(lease, nullptr);
    lease->connection() = std::make_unique<Marked>();
    callers_.back().finish();
    clock_.advance(1s);
    ASSERT_TRUE(await_phase(Phase::frozen));
    lease = call().await_lease();
    ASSERT_NE(lease, nullptr);
    EXPECT_EQ(lease->connection() != nullptr, own);
    callers_.clear();
    dispatcher_.remove({.name = "hello"}, 1s);
  }
}

TEST_F(FreezeTest, AFreezerThatRefusesLeavesTheReplicaWarm) {
  engine_.break_freezer(false, true);
  serve("", kAfterASecond);
  call().finish();
  clock_.advance(1s);
  ASSERT_TRUE(engine_.await([&](auto&) { return !replica().awake.empty(); }));
  EXPECT_EQ(replica().phase, Phase::warm);
  EXPECT_EQ(replica().awake, "the freezer refuses");
  EXPECT_NE(call().await_lease(), nullptr);
}

TEST_F(FreezeTest, WhatCannotBeThawedIsReplacedAndTheCallGoesOn) {
  serve("", kAfterASecond);
  freeze();
  const auto stuck = replica().id;
  engine_.break_freezer(true, false);

  auto* lease = call().await_lease();

  ASSERT_NE(lease, nullptr);
  EXPECT_NE(lease->replica().id, stuck);
  EXPECT_EQ(engine_.starts(), 2u);
  EXPECT_TRUE(engine_.await([](const FakeEngine& engine) { return engine.containers() == 1; })) << "the other is gone";
}

// Its bootstrap may take its time to say that it is quiet.
TEST_F(FreezeTest, ACallDoesNotWaitForAFreezeThatIsUnderWay) {
  serve("python", {});
  call().finish();
  engine_.hold_freezes(true);
  clock_.advance(1s);
  ASSERT_TRUE(engine_.await([](const FakeEngine& engine) { return engine.freezes() == 1; }));

  EXPECT_NE(call().await_lease(), nullptr);

  EXPECT_EQ(engine_.starts(), 1u);
  engine_.hold_freezes(false);
}

TEST_F(FreezeTest, NoThawWaitsForStartsAndStopsThatTakeLong) {
  serve("", kAfterASecond);
  freeze();
  auto ending = revision_of("ending");
  ending.spec.limits.concurrency = 1;
  ending.spec.scale.idle_timeout = 1s;
  engine_.behave("ending", {.held = true});
  dispatcher_.serve(ending);
  std::deque<Caller*> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(&call("ending"));
  engine_.let_start("ending");
  for (auto* one : calls) ASSERT_NE(one->await_lease(), nullptr);
  engine_.hold_stops(true);
  for (auto* one : calls) one->finish();
  clock_.advance(2s);
  ASSERT_TRUE(engine_.await([](const FakeEngine& engine) { return engine.stopping() == 4; }));
  auto slow = revision_of("slow");
  slow.spec.limits.concurrency = 1;
  engine_.behave("slow", {.held = true});
  dispatcher_.serve(slow);
  const auto before = engine_.starts();
  calls.clear();
  for (int i = 0; i < 4; ++i) calls.push_back(&call("slow"));
  ASSERT_TRUE(engine_.await([&](const FakeEngine& engine) { return engine.starts() == before + 4; }));

  EXPECT_NE(call().await_lease(), nullptr) << "each of the other threads is taken";

  engine_.let_start("slow");
  engine_.hold_stops(false);
  for (auto* one : calls) EXPECT_NE(one->await_lease(), nullptr);
}

TEST_F(FreezeTest, RemovesWhatIsFrozen) {
  serve("", kAfterASecond);
  freeze();
  dispatcher_.remove({.name = "hello"}, 1s);
  EXPECT_EQ(engine_.containers(), 0u);
}

TEST_F(FreezeTest, WakesAllWhenTheEngineGoesAway) {
  serve("", kAfterASecond);
  freeze();
  engine_.go_away();
  EXPECT_TRUE(await_phase(Phase::warm)) << "it may be ending its containers, and none that is frozen can be ended";
}

TEST_F(FreezeTest, MetersWhatIsFrozenApart) {
  serve("", kAfterASecond);
  freeze();
  const auto before = view().usage;
  clock_.advance(10s);
  const auto since = view().usage - before;
  EXPECT_EQ(since.frozen.kib_ms, 256u * 1024 * 10'000);
  EXPECT_EQ(since.idle.kib_ms, 0u);
}

}  // namespace
}  // namespace hearth::control
