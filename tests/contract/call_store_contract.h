// What every store of durable calls keeps to.
#pragma once

#include "ports/call_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hearth::tests {

using domain::CallState;
using domain::WallTime;

inline WallTime at(std::int64_t milliseconds) { return WallTime{std::chrono::milliseconds{milliseconds}}; }

class CallStoreContract : public testing::TestWithParam<std::function<std::shared_ptr<ports::CallStore>()>> {
 protected:
  static ports::NewCall call(const std::string& id, std::int64_t due = 1'000, const std::string& function = "hello") {
    return {.id = id,
            .key = {},
            .function = {.name = function},
            .trigger = "http",
            .accepted = at(1'000),
            .due = at(due),
            .head = "POST /\ncontent-type: text/plain\n",
            .body = {.bytes = "body of " + id, .file = {}, .size = 8 + id.size()}};
  }

  std::variant<std::string, domain::Fault> add(ports::NewCall call) {
    std::promise<std::variant<std::string, domain::Fault>> told;
    store().add(std::move(call), [&told](const auto& answer) { told.set_value(answer); });
    return told.get_future().get();
  }
  std::string added(ports::NewCall call) { return std::get<std::string>(add(std::move(call))); }
  void settle(const std::function<void(ports::CallStore::Then)>& change) {
    std::promise<std::optional<domain::Fault>> told;
    change([&told](const auto& why_not) { told.set_value(why_not); });
    const auto why_not = told.get_future().get();
    ASSERT_FALSE(why_not) << why_not->message;
  }
  void fail(const std::string& id, std::uint32_t number, std::int64_t due, bool counts = true) {
    settle([&](auto then) {
      store().retry(id, {.number = number, .started = at(1), .ended = at(2), .status = 500, .reason = "500"}, at(due),
                    counts, std::move(then));
    });
  }
  void finish(const std::string& id, CallState state, std::int64_t when, std::optional<ports::Answer> answer = {},
              std::optional<domain::Attempt> failed = {}) {
    settle([&](auto then) { store().finish(id, state, at(when), failed, answer, std::move(then)); });
  }
  std::vector<std::string> due(const std::string& function = "hello", const domain::CallTurn& from = {}) {
    std::vector<std::string> ids;
    for (const auto& waiting : store().due({.name = function}, from, 100)) ids.push_back(waiting.turn.id);
    return ids;
  }
  ports::CallStore& store() { return *store_; }

 private:
  std::shared_ptr<ports::CallStore> store_ = GetParam()();
};

using Ids = std::vector<std::string>;

TEST_P(CallStoreContract, KeepsACallAsItWasGiven) {
  EXPECT_EQ(added(call("a1")), "a1");
  const auto record = store().get("a1");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->summary.state, CallState::queued);
  EXPECT_EQ(record->summary.function, (domain::FunctionName{.name = "hello"}));
  EXPECT_EQ(record->summary.trigger, "http");
  EXPECT_EQ(record->summary.accepted, at(1'000));
  EXPECT_EQ(record->head, "POST /\ncontent-type: text/plain\n");
  EXPECT_EQ(record->body.bytes, "body of a1");
  EXPECT_FALSE(record->answer);
  EXPECT_FALSE(store().get("a2"));
}

TEST_P(CallStoreContract, StoresACallOfAKeyOnce) {
  auto first = call("a1");
  auto second = call("a2");
  first.key = second.key = "cron:nightly:1700000000000";
  EXPECT_EQ(added(first), "a1");
  EXPECT_EQ(added(second), "a1");
  EXPECT_FALSE(store().get("a2"));
  EXPECT_EQ(due(), Ids{"a1"});
}

TEST_P(CallStoreContract, GivesWhatIsQueuedInTheOrderOfItsTurns) {
  added(call("b", 2'000)), added(call("a", 3'000)), added(call("c", 1'000)), added(call("d", 1'000, "other"));
  EXPECT_EQ(due(), (Ids{"c", "b", "a"}));
  EXPECT_EQ(due("hello", {.due = at(2'000), .id = "b"}), (Ids{"b", "a"}));
  EXPECT_EQ(due("hello", {.due = at(2'000), .id = std::string("b\0", 2)}), Ids{"a"});
  using Count = std::pair<domain::FunctionName, std::uint64_t>;
  EXPECT_EQ(store().queued(), (std::vector<Count>{{{.name = "hello"}, 3}, {{.name = "other"}, 1}}));
}

TEST_P(CallStoreContract, RemembersEveryFailedAttemptAndWhoWasNotAsked) {
  added(call("a1"));
  fail("a1", 1, 5'000);
  fail("a1", 2, 6'000, false);
  fail("a1", 2, 7'000, false);
  auto waiting = store().due({.name = "hello"}, {}, 10);
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].turn.due, at(7'000));
  EXPECT_EQ(waiting[0].attempt, 2u);
  EXPECT_EQ(waiting[0].misses, 2u);
  fail("a1", 2, 8'000);
  waiting = store().due({.name = "hello"}, {}, 10);
  EXPECT_EQ(waiting.at(0).attempt, 3u);
  EXPECT_EQ(waiting.at(0).misses, 0u);
  const auto failed = store().get("a1")->failed;
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(failed[1].number, 2u);
  EXPECT_EQ(failed[1].reason, "500");
}

TEST_P(CallStoreContract, KeepsTheAnswerOfACallThatEnded) {
  added(call("a1"));
  store().begin("a1", at(1'500));
  EXPECT_TRUE(store().due({.name = "hello"}, {}, 10).size() == 1);
  finish("a1", CallState::succeeded, 2'000,
         ports::Answer{.status = 201, .head = "201\n", .body = {.bytes = "yes", .file = {}, .size = 3}});
  const auto record = store().get("a1");
  EXPECT_EQ(record->summary.state, CallState::succeeded);
  EXPECT_EQ(record->summary.attempts, 1u);
  EXPECT_EQ(record->summary.finished, at(2'000));
  EXPECT_FALSE(record->summary.started);
  ASSERT_TRUE(record->answer);
  EXPECT_EQ(record->answer->status, 201);
  EXPECT_EQ(record->answer->body.bytes, "yes");
  EXPECT_EQ(due(), Ids{});
}

TEST_P(CallStoreContract, RemembersAnAttemptThatWasCutOff) {
  added(call("a1"));
  store().begin("a1", at(100));
  store().begin("a1", at(200));
  fail("a1", 1, 300);
  const auto failed = store().get("a1")->failed;
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(failed[1].number, 1u);
  EXPECT_EQ(failed[1].started, at(100));
  EXPECT_EQ(failed[1].reason, ports::kInterrupted);
}

TEST_P(CallStoreContract, EndsACallOnce) {
  added(call("a1"));
  EXPECT_TRUE(store().cancel("a1", at(2'000)));
  EXPECT_FALSE(store().cancel("a1", at(2'001)));
  finish("a1", CallState::succeeded, 3'000,
         ports::Answer{.status = 200, .head = "200\n", .body = {.bytes = "late", .file = {}, .size = 4}});
  fail("a1", 1, 9'000);
  const auto record = store().get("a1");
  EXPECT_EQ(record->summary.state, CallState::cancelled);
  EXPECT_FALSE(record->answer);
  EXPECT_EQ(due(), Ids{});
}

TEST_P(CallStoreContract, RedrivesWhatIsDeadFromItsFirstAttempt) {
  added(call("a1"));
  fail("a1", 1, 5'000);
  EXPECT_TRUE(store().redrive({"a1"}, at(6'000)).empty());
  finish("a1", CallState::dead, 6'000, ports::Answer{.status = 500, .head = "500\n", .body = {}},
         domain::Attempt{.number = 2, .started = at(1), .ended = at(2), .status = 500, .reason = "again"});
  EXPECT_EQ(store().get("a1")->summary.reason, "again");
  EXPECT_EQ(store().get("a1")->failed.size(), 2u);
  added(call("a2"));
  store().cancel("a2", at(6'000));
  EXPECT_EQ(store().redrive({"a1", "a0", "a2"}, at(7'000)),
            (std::vector<domain::CallTurn>{{.due = at(7'000), .id = "a1"}, {.due = at(7'000), .id = "a2"}}));
  const auto record = store().get("a1");
  EXPECT_EQ(record->summary.state, CallState::queued);
  EXPECT_EQ(record->summary.attempts, 0u);
  EXPECT_TRUE(record->failed.empty());
  EXPECT_FALSE(record->answer);
  EXPECT_EQ(due(), (Ids{"a1", "a2"}));
}

TEST_P(CallStoreContract, ListsTheNewestFirstByFunctionAndState) {
  for (const char* id : {"a", "b", "c", "d"}) added(call(id, 1'000, std::string(id) == "c" ? "other" : "hello"));
  store().cancel("b", at(1));
  const auto ids = [&](const ports::CallStore::Filter& filter, const std::string& before, std::size_t limit) {
    Ids found;
    for (const auto& summary : store().list(filter, before, limit)) found.push_back(summary.id);
    return found;
  };
  EXPECT_EQ(ids({.space = "default"}, "", 10), (Ids{"d", "c", "b", "a"}));
  EXPECT_EQ(ids({.space = "default"}, "", 2), (Ids{"d", "c"}));
  EXPECT_EQ(ids({.space = "default"}, "c", 10), (Ids{"b", "a"}));
  EXPECT_EQ(ids({.function = domain::FunctionName{.name = "hello"}}, "", 10), (Ids{"d", "b", "a"}));
  EXPECT_EQ(ids({.space = "default", .state = CallState::cancelled}, "", 10), Ids{"b"});
  EXPECT_EQ(ids({.space = "defaul"}, "", 10), Ids{});
  EXPECT_EQ(ids({.space = "default"}, "bb", 10), (Ids{"b", "a"})) << "that one is forgotten";
  EXPECT_EQ(ids({.space = "default"}, "e", 1), Ids{"d"});
}

TEST_P(CallStoreContract, ForgetsWhatEndedLongAgoAndNothingElse) {
  for (const char* id : {"a", "b", "c", "d"}) added(call(id));
  finish("a", CallState::succeeded, 1'000), finish("b", CallState::succeeded, 5'000),
      finish("c", CallState::dead, 1'000);
  EXPECT_EQ(store().forget(at(2'000), at(500), 100), 1u);
  EXPECT_FALSE(store().get("a"));
  EXPECT_TRUE(store().get("b") && store().get("c") && store().get("d"));
  EXPECT_EQ(store().forget(at(2'000), at(2'000), 100), 1u);
  EXPECT_FALSE(store().get("c"));
}

TEST_P(CallStoreContract, KeepsLargeBodiesAsFilesForAsLongAsTheirCalls) {
  auto file = store().make_body();
  file->write("a large "), file->write("body");
  auto large = call("a1");
  large.body = file->commit();
  EXPECT_EQ(large.body.size, 12u);
  added(large);
  file.reset();
  const auto path = store().path_of(store().get("a1")->body);
  std::ifstream stream(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), "a large body");
  finish("a1", CallState::succeeded, 1'000);
  store().forget(at(2'000), at(2'000), 10);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_P(CallStoreContract, KeepsNoBodyOfACallThatWasThereAlready) {
  auto first = call("a1");
  first.key = "once";
  added(first);
  auto file = store().make_body();
  file->write("again");
  auto second = call("a2");
  second.key = "once";
  second.body = file->commit();
  const auto path = store().path_of(second.body);
  EXPECT_EQ(added(second), "a1");
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace hearth::tests
