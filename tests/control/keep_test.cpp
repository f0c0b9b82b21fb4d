// Keep-alive through the dispatcher: how long a function's last replica stays, what is made before it is asked for, and
// what outlives a process.
#include "control/keep_records.h"

#include "dispatcher_bench.h"
#include "fakes/fake_store.h"

#include <gmock/gmock.h>

#include <deque>
#include <memory>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using domain::KeepAlive;
using testing::IsEmpty;
using testing::SizeIs;
using Why = domain::KeepPlan::Why;

const domain::FunctionName kHello{.space = "default", .name = "hello"};

class KeepTest : public testing::Test {
 protected:
  KeepTest() { begin(); }

  // Another hearthd on the same machine.
  void begin() {
    records_.reset();
    callers_.clear();
    dispatcher_ = std::make_unique<Dispatcher>(
        engine_, clock_, Dispatcher::Settings{.gateway_threads = 2, .max_starts = 4, .max_stops = 1});
    engine_.tell(*dispatcher_);
    records_ = std::make_unique<KeepRecords>(store_, *dispatcher_, clock_,
                                             [this](const domain::Fault& why) { reports_.push_back(why.message); });
  }
  void serve(KeepAlive keep_alive, std::chrono::milliseconds idle_timeout = 5min, std::uint64_t number = 1) {
    dispatcher_->serve(revision_of("hello", {}, {.keep_alive = keep_alive, .idle_timeout = idle_timeout}, number));
  }
  void call() {
    auto& caller = callers_.emplace_back(*dispatcher_, clock_);
    ASSERT_TRUE(caller.call("hello"));
    ASSERT_NE(caller.await_lease(), nullptr);
    caller.finish();
  }
  // So often, and idle for so long after each.
  void call(int times, domain::Duration idle) {
    for (int i = 0; i < times; ++i) {
      call();
      pass(idle);
    }
  }
  // In steps, with what is due in each; a start or stop takes no time.
  void pass(domain::Duration time, domain::Duration step = 1min) {
    for (; time > 0s; time -= std::min(step, time)) {
      clock_.advance(std::min(step, time));
      dispatcher_->view(kHello);
    }
  }
  FunctionView view() { return *dispatcher_->view(kHello); }
  bool await_replicas(std::size_t count) {
    return engine_.await([&](auto&) { return view().replicas.size() == count; });
  }

  tests::FakeClock clock_;
  tests::FakeStore store_;
  tests::FakeEngine engine_;
  std::vector<std::string> reports_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<KeepRecords> records_;
  std::deque<Caller> callers_;
};

TEST_F(KeepTest, AFixedTimeIsKeptToWhateverWasSeen) {
  serve(KeepAlive::fixed, 2min);
  call(10, 10s);
  EXPECT_EQ(view().keep->why, Why::fixed);
  pass(109s);
  EXPECT_THAT(view().replicas, SizeIs(1));
  pass(1s);
  EXPECT_TRUE(await_replicas(0));
}

TEST_F(KeepTest, WhoIsCalledEveryFewSecondsGoesSoonAfterTheLast) {
  serve(KeepAlive::automatic);
  EXPECT_EQ(view().keep->why, Why::learning);
  EXPECT_EQ(view().keep->keep, 5min);
  call(5, 10s);
  EXPECT_EQ(view().keep->why, Why::learned);
  EXPECT_EQ(view().keep->keep, 66s);
  pass(55s, 1s);
  EXPECT_THAT(view().replicas, SizeIs(1)) << "66 seconds after its last call, of which 10 and 55 are over";
  pass(1s);
  EXPECT_TRUE(await_replicas(0));
}

TEST_F(KeepTest, WhoIsCalledEveryHalfHourIsThereAgainBeforeIt) {
  serve(KeepAlive::automatic);
  call(6, 30min + 10s);
  call();
  pass(1min);
  ASSERT_TRUE(await_replicas(0));
  const auto started = engine_.starts();
  const auto again = view().keep->again;
  ASSERT_TRUE(again);
  EXPECT_EQ(again->from - clock_.wall_now(), 26min);
  pass(26min - 1s);
  EXPECT_THAT(view().replicas, IsEmpty());
  pass(1s);
  ASSERT_TRUE(await_replicas(1));
  ASSERT_TRUE(engine_.await([](auto& engine) { return engine.running().size() == 1; }));
  pass(3min);
  call();
  EXPECT_EQ(engine_.starts(), started + 1) << "the call found it";
}

TEST_F(KeepTest, AutoKeepsForAnHourAtMostAndHybridForAsLongAsItLearned) {
  for (const auto& [keep_alive, kept] : {std::pair{KeepAlive::automatic, 60min}, {KeepAlive::hybrid, 132min}}) {
    begin();
    serve(keep_alive);
    for (int i = 0; i < 10; ++i) {
      call();
      pass(10s);
      call();
      pass(119min, 10min);
    }
    EXPECT_EQ(view().keep->keep, kept);
  }
}

TEST_F(KeepTest, WhatWasLearnedOutlivesARevisionAndAProcess) {
  serve(KeepAlive::automatic);
  call(6, 30min + 10s);
  serve(KeepAlive::automatic, 7min, 2);
  EXPECT_EQ(view().keep->why, Why::learned);
  call();
  ASSERT_TRUE(engine_.await([](auto& engine) { return engine.running().size() == 1; }));
  const auto before = view().keep;
  begin();
  serve(KeepAlive::automatic, 5min, 2);
  EXPECT_EQ(view().keep->why, Why::learning);
  records_->load();
  EXPECT_THAT(reports_, IsEmpty());
  ASSERT_EQ(view().keep->why, Why::learned);
  EXPECT_EQ(view().keep->again->from, before->again->from) << "it goes on from the last call before";
}

TEST_F(KeepTest, NothingIsWrittenWhereNothingWasLearned) {
  serve(KeepAlive::fixed);
  call(3, 1s);
  records_->write();
  EXPECT_EQ(store_.batches(), 0);
  serve(KeepAlive::automatic, 5min, 2);
  call(3, 1s);
  records_->write();
  records_->write();
  EXPECT_EQ(store_.batches(), 1);
}

TEST_F(KeepTest, IsWrittenEveryTenMinutesByItself) {
  serve(KeepAlive::automatic);
  records_->start();
  for (int batches = 0; batches < 2; ++batches) {
    call(2, 1s);
    EXPECT_EQ(store_.batches(), batches);
    clock_.advance(10min);
    EXPECT_TRUE(engine_.await([&](auto&) { return store_.batches() == batches + 1; }));
  }
}

TEST_F(KeepTest, WhatCannotBeWrittenIsWrittenLater) {
  serve(KeepAlive::automatic);
  call(3, 1s);
  store_.fail_writes(domain::Fault{.message = "the disk is full"});
  records_->write();
  EXPECT_THAT(reports_, testing::ElementsAre("the disk is full"));
  store_.fail_writes(std::nullopt);
  records_->write();
  EXPECT_THAT(store_.list("idle/", "", 10), SizeIs(1));
}

TEST_F(KeepTest, WhatNobodyWantsOrUnderstandsIsForgotten) {
  serve(KeepAlive::automatic);
  store_.put("idle/default/gone", R"({"within":{}})", 0);
  store_.put("idle/default/hello", R"({"within":{"minutes":1}})", 0);
  records_->load();
  EXPECT_THAT(store_.list("idle/", "", 10), IsEmpty());
  EXPECT_THAT(reports_, SizeIs(1));
}

TEST_F(KeepTest, WhatWasLearnedOfADeletedFunctionIsForgottenWithIt) {
  serve(KeepAlive::automatic);
  call(3, 1s);
  records_->write();
  call(3, 1s);
  dispatcher_->remove(kHello, 1s);
  store_.fail_writes(domain::Fault{.message = "the disk is full"});
  records_->forget(kHello);
  EXPECT_THAT(store_.list("idle/", "", 10), SizeIs(1));
  store_.fail_writes(std::nullopt);
  serve(KeepAlive::automatic);
  records_->write();
  EXPECT_THAT(store_.list("idle/", "", 10), IsEmpty()) << "nor does what bears its name now inherit it";
}

TEST_F(KeepTest, AfterItIsClosedTheStoreIsAnothers) {
  serve(KeepAlive::automatic);
  call(2, 1s);
  records_->close();
  const auto batches = store_.batches();
  call(2, 1s);
  begin();
  EXPECT_EQ(store_.batches(), batches);
}

TEST(LearnedTimes, AreReadAsTheyWereWritten) {
  const LearnedTimes learned{.times = {.within = {{0, 3}, {10, 65'535}, {239, 1}}, .beyond = 7, .rare = {5h, 30h}},
                             .idle_since = domain::WallTime{1'700'000'000'123ms}};
  auto back = decode_learned(encode_learned(learned));
  std::ranges::sort(back.times.within, {}, &domain::IdleTimes::Counter::minutes);
  EXPECT_EQ(back, learned);
  EXPECT_EQ(decode_learned(encode_learned({})), LearnedTimes{});
  for (const auto* wrong : {"", "[]", R"({"within":{"0":-1}})", R"({"within":{"0":65536}})", R"({"rare":["long"]})",
                            R"({"within":7})", R"({"more":1})"}) {
    EXPECT_THROW(decode_learned(wrong), domain::Error) << wrong;
  }
}

}  // namespace
}  // namespace hearth::control
