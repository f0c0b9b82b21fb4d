#include "control/metering.h"

#include "dispatcher_bench.h"
#include "fakes/fake_store.h"

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using domain::Ending;
using domain::Usage;
using tests::FakeEngine;

constexpr std::uint64_t kKib = 256 * 1024;  // the default memory limit

domain::MemoryTime held_for(std::chrono::milliseconds time) {
  return {kKib * static_cast<std::uint64_t>(time.count())};
}

class MeteringTest : public DispatcherBench {
 protected:
  Usage usage(const std::string& name) {
    metering_.settle();
    Usage sum;
    for (const auto& row : metering_.usage({.space = "default", .function = name})) sum += row.usage;
    return sum;
  }
  domain::Day today() const { return domain::day_of(clock_.wall_now()); }

  tests::FakeStore store_;
  std::vector<std::optional<domain::Fault>> reports_;
  Metering metering_{store_, dispatcher_, clock_, {.report = [this](const auto& why) { reports_.push_back(why); }}};
};

TEST_F(MeteringTest, MetersCallsThatOverlapOnOneReplicaAsTheirUnion) {
  serve("hello");
  auto& first = call("hello");
  ASSERT_NE(first.await_lease(), nullptr);
  clock_.advance(100ms);
  auto& second = call("hello");
  ASSERT_NE(second.await_lease(), nullptr);
  clock_.advance(100ms);
  first.finish();
  clock_.advance(50ms);
  second.finish();
  clock_.advance(1s);
  const auto used = usage("hello");
  EXPECT_EQ(used.busy, held_for(250ms));
  EXPECT_EQ(used.idle, held_for(1s));
  EXPECT_EQ(used.of(Ending::succeeded), 2u);
  EXPECT_EQ(used.cold_starts, 1u);
}

TEST_F(MeteringTest, MetersACallThatRuns) {
  serve("hello");
  auto& caller = call("hello");
  ASSERT_NE(caller.await_lease(), nullptr);
  clock_.advance(2min);
  EXPECT_EQ(usage("hello").busy, held_for(2min));
  EXPECT_EQ(usage("hello").all_calls(), 0u) << "it has not ended";
  caller.finish();
}

TEST_F(MeteringTest, MetersAStartWhileItLasts) {
  engine_.behave({.held = true});
  serve("hello");
  auto& caller = call("hello");
  ASSERT_TRUE(engine_.await([](const FakeEngine& engine) { return engine.containers() == 1; }));
  clock_.advance(400ms);
  EXPECT_EQ(usage("hello").initializing, held_for(400ms));
  clock_.advance(100ms);
  engine_.let_start();
  ASSERT_NE(caller.await_lease(), nullptr);
  clock_.advance(1s);
  const auto used = usage("hello");
  EXPECT_EQ(used.initializing, held_for(500ms));
  EXPECT_EQ(used.busy, held_for(1s));
  caller.finish();
}

TEST_F(MeteringTest, CountsEachCallOnceHoweverItEnds) {
  serve("hello");
  const auto end = [&](Outcome outcome, std::optional<Ending> ending) {
    auto& caller = call("hello");
    auto* lease = caller.await_lease();
    ASSERT_NE(lease, nullptr);
    ending ? lease->finish(outcome, *ending) : lease->finish(outcome);
    lease->finish(Outcome::broken);  // given back already
  };
  end(Outcome::completed, std::nullopt);
  end(Outcome::completed, domain::answered(404));
  end(Outcome::completed, domain::answered(500));
  end(Outcome::cancelled, std::nullopt);
  end(Outcome::timed_out, std::nullopt);
  end(Outcome::broken, std::nullopt);
  call("hello").await_lease()->try_another(Outcome::broken);
  call("hello", 0ms);
  const auto used = usage("hello");
  EXPECT_EQ(used.of(Ending::succeeded), 1u);
  EXPECT_EQ(used.of(Ending::rejected), 1u);
  EXPECT_EQ(used.of(Ending::failed), 1u);
  EXPECT_EQ(used.of(Ending::left), 1u);
  EXPECT_EQ(used.of(Ending::timed_out), 1u);
  EXPECT_EQ(used.of(Ending::died), 1u);
  EXPECT_EQ(used.of(Ending::refused_by_gateway), 1u);
  EXPECT_EQ(used.all_calls(), 7u) << "one goes on to another replica";
}

TEST_F(MeteringTest, CountsHeldCallsThatAreCancelledOrRefused) {
  engine_.behave({.kind = FakeEngine::Behaviour::Kind::exits, .held = true});
  serve("hello");
  auto& leaves = call("hello");
  auto& refused = call("hello");
  EXPECT_TRUE(leaves.cancel());
  engine_.let_start();
  ASSERT_TRUE(refused.await_fault());
  const auto used = usage("hello");
  EXPECT_EQ(used.of(Ending::left), 1u);
  EXPECT_EQ(used.of(Ending::refused_by_function), 1u);
  EXPECT_EQ(used.all_calls(), 2u);
  EXPECT_EQ(used.failed_starts, 1u);
  EXPECT_EQ(used.cold_starts, 0u);
}

TEST_F(MeteringTest, WritesNothingWhileNothingLivesAndAllInOneGoOtherwise) {
  serve("one");
  serve("two");
  metering_.settle();
  clock_.advance(1h);
  metering_.settle();
  EXPECT_EQ(store_.batches(), 0);
  for (const auto* name : {"one", "two"}) {
    ASSERT_NE(call(name).await_lease(), nullptr);
  }
  clock_.advance(1s);
  metering_.settle();
  EXPECT_EQ(store_.batches(), 1);
  EXPECT_EQ(metering_.usage({.space = "default"}).size(), 2u);
}

TEST_F(MeteringTest, KeepsWhatCannotBeWrittenAndSaysSoOnce) {
  serve("hello");
  ASSERT_NE(call("hello").await_lease(), nullptr);
  const domain::Fault full{.code = domain::Code::unavailable, .message = "the disk is full"};
  store_.fail_writes(full);
  for (int i = 0; i < 3; ++i) {
    clock_.advance(1s);
    metering_.settle();
  }
  EXPECT_EQ(reports_, (std::vector<std::optional<domain::Fault>>{full}));
  EXPECT_EQ(metering_.failed_writes(), 3u);
  store_.fail_writes(std::nullopt);
  EXPECT_EQ(usage("hello").busy, held_for(3s));
  EXPECT_EQ(reports_, (std::vector<std::optional<domain::Fault>>{full, std::nullopt}));
}

TEST_F(MeteringTest, AddsToWhatIsThereAlsoFromAnotherProcess) {
  serve("hello");
  ASSERT_NE(call("hello").await_lease(), nullptr);
  clock_.advance(1s);
  metering_.settle();
  UsageRecords other{store_};
  Usage more;
  more.busy = held_for(5s);
  other.add({{{today(), {.name = "hello"}}, more}});
  clock_.advance(1s);
  EXPECT_EQ(usage("hello").busy, held_for(7s));
  other.add({{{today(), {.name = "hello"}}, more}});
  EXPECT_EQ(usage("hello").busy, held_for(12s));
}

TEST_F(MeteringTest, HandsOnWhatItTakesOnceAnotherOneWrites) {
  serve("hello");
  ASSERT_NE(call("hello").await_lease(), nullptr);
  clock_.advance(1s);
  tests::FakeStore others;
  Metering other{others, dispatcher_, clock_, {}};
  metering_.hand_on([&](domain::Day day, const domain::FunctionName& function, const Usage& used) {
    other.add(day, function, used);
  });
  clock_.advance(2s);
  metering_.settle();
  other.settle();
  EXPECT_EQ(metering_.usage({.space = "default"}).at(0).usage.busy, held_for(1s)) << "what came before";
  EXPECT_EQ(other.usage({.space = "default"}).at(0).usage.busy, held_for(2s));
  metering_.hand_on({});  // which outlives `other`
}

TEST_F(MeteringTest, WritesWhatIsLeftWhenItEnds) {
  serve("hello");
  {
    Metering metering{store_, dispatcher_, clock_, {}};
    metering.start();
    ASSERT_NE(call("hello").await_lease(), nullptr);
    clock_.advance(300ms);
  }
  EXPECT_EQ(metering_.usage({.space = "default"}).at(0).usage.busy, held_for(300ms));
}

TEST_F(MeteringTest, SettlesEverySecondByItself) {
  serve("hello");
  metering_.start();
  ASSERT_NE(call("hello").await_lease(), nullptr);
  clock_.advance(1s);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (store_.batches() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_GT(store_.batches(), 0);
}

TEST_F(MeteringTest, PutsEachPeriodIntoItsDay) {
  serve("hello");
  ASSERT_NE(call("hello").await_lease(), nullptr);
  const auto day = today();
  clock_.advance(domain::WallTime{day} + 24h - clock_.wall_now());
  metering_.settle();
  const auto until_midnight = metering_.usage({.space = "default"}).at(0);
  EXPECT_EQ(until_midnight.day, day);
  clock_.advance(3s);
  metering_.settle();
  const auto rows = metering_.usage({.space = "default"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].usage, until_midnight.usage);
  EXPECT_EQ(rows[1].day, day + std::chrono::days{1});
  EXPECT_EQ(rows[1].usage.busy, held_for(3s));
}

TEST_F(MeteringTest, KeepsTheDaysOfADeletedFunctionAndGoesOnUnderItsName) {
  serve("hello", {}, {.idle_timeout = 10min});
  auto& caller = call("hello");
  ASSERT_NE(caller.await_lease(), nullptr);
  clock_.advance(1s);
  caller.finish();
  dispatcher_.remove({.name = "hello"}, 1s);
  EXPECT_EQ(usage("hello").busy, held_for(1s)) << "what was not yet written then";
  serve("hello");
  auto& again = call("hello");
  ASSERT_NE(again.await_lease(), nullptr);
  clock_.advance(2s);
  again.finish();
  EXPECT_EQ(usage("hello").busy, held_for(3s));
  EXPECT_EQ(usage("hello").cold_starts, 2u);
}

TEST_F(MeteringTest, ForgetsDaysThatAreOverForLong) {
  UsageRecords records{store_};
  const auto old = today() - std::chrono::days{401};
  Usage some;
  some.cold_starts = 1;
  records.add({{{old, {.name = "a"}}, some}, {{old + std::chrono::days{1}, {.name = "b"}}, some}});
  metering_.settle();
  EXPECT_FALSE(records.find({old, {.name = "a"}}));
  EXPECT_TRUE(records.find({old + std::chrono::days{1}, {.name = "b"}}));
}

TEST_F(MeteringTest, ForgetsManyDaysOverManyTicks) {
  UsageRecords records{store_};
  Usage some;
  some.cold_starts = 1;
  const auto old = today() - std::chrono::days{500};
  UsageRecords::Batch batch;
  for (int i = 0; i < 120; ++i) batch[{old, {.name = "f" + std::to_string(i)}}] = some;
  records.add(batch);
  const auto left = [&] { return records.list("default", old, old, {}, 1000).size(); };
  metering_.settle();
  EXPECT_EQ(left(), 70u) << "the rest holds nobody up";
  metering_.settle();
  metering_.settle();
  EXPECT_EQ(left(), 0u);
}

TEST_F(MeteringTest, ListsDaysAndFunctionsPageByPage) {
  UsageRecords records{store_};
  Usage some;
  some.cold_starts = 1;
  const auto day = today() - std::chrono::days{3};
  UsageRecords::Batch batch;
  for (int i = 0; i < 3; ++i) {
    for (const auto* name : {"a", "b"}) batch[{day + std::chrono::days{i}, {.name = name}}] = some;
    batch[{day + std::chrono::days{i}, {.space = "other", .name = "a"}}] = some;
  }
  records.add(batch);
  Metering::Query query{.space = "default", .limit = 2};
  std::vector<std::string> seen;
  for (auto page = metering_.usage(query); !page.empty(); page = metering_.usage(query)) {
    EXPECT_LE(page.size(), 2u);
    for (const auto& row : page) seen.push_back(std::to_string((row.day - day).count()) + row.function.name);
    query.after = {page.back().day, page.back().function.name};
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"0a", "0b", "1a", "1b", "2a", "2b"}));
  query = {.space = "default", .function = "b", .from = day + std::chrono::days{1}, .to = day + std::chrono::days{1}};
  EXPECT_EQ(metering_.usage(query).size(), 1u);
}

TEST_F(MeteringTest, ShowsWhatReplicasDoNow) {
  serve("hello", {.concurrency = 1}, {.max = 2});
  auto& busy = call("hello");
  ASSERT_NE(busy.await_lease(), nullptr);
  auto& other = call("hello");
  clock_.advance(1s);
  ASSERT_NE(other.await_lease(), nullptr);
  other.finish();
  const auto stats = metering_.stats();
  ASSERT_EQ(stats.size(), 1u);
  EXPECT_EQ(stats[0].in_flight, 1u);
  EXPECT_EQ(stats[0].replicas[static_cast<std::size_t>(domain::State::executing)], 1u);
  EXPECT_EQ(stats[0].replicas[static_cast<std::size_t>(domain::State::warm)], 1u);
  EXPECT_EQ(stats[0].durations.exec.count, 1u);
  EXPECT_EQ(stats[0].durations.create.count, 2u);
}

}  // namespace
}  // namespace hearth::control
