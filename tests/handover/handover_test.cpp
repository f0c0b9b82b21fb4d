// Both sides in one process, over a real socket.
#include "fakes/temporary_folder.h"
#include "handover/giver.h"
#include "handover/taker.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace hearth::handover {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class Handover : public testing::Test {
 protected:
  Handover() {
    giver_.emplace(Giver::Settings{.path = path_,
                                   .gateway = listeners(2),
                                   .api = listeners(1),
                                   .let_go =
                                       [this] {
                                         giver_->send({.words = "uses 1"});
                                         giver_->send({.words = "yours"});
                                         tell("let go");
                                       },
                                   .served = [this] { tell("served"); },
                                   .lost = [this] { tell("lost"); },
                                   .left = [this] { tell("left"); }});
    giver_->start();
  }

  static std::vector<ports::Descriptor> listeners(int count) {
    std::vector<ports::Descriptor> made;
    for (int i = 0; i < count; ++i) made.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return made;
  }
  void tell(const std::string& what) {
    const std::scoped_lock lock{mutex_};
    told_.push_back(what);
    changed_.notify_all();
  }
  bool await_told(const std::string& what) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] { return !told_.empty() && told_.back() == what; });
  }
  static std::vector<std::string> take(Taker& taker) {
    std::vector<std::string> heard;
    taker.ready([&](const Message& message) { heard.push_back(message.words); });
    return heard;
  }

  tests::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "handover.sock";
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> told_;
  std::optional<Giver> giver_;
};

TEST_F(Handover, GivesTheSocketsThenAllThatMustBeKnownThenWhatComes) {
  auto taker = Taker::knock(path_);
  ASSERT_TRUE(taker);
  EXPECT_EQ(taker->take_gateway().size(), 2u);
  EXPECT_EQ(taker->take_api().size(), 1u);
  EXPECT_THAT(take(*taker), ElementsAre("uses 1"));
  taker->say("serving");
  EXPECT_TRUE(await_told("served"));
  Message connection{.words = "connection gateway 127.0.0.1:1", .bytes = "GET / HT\nTP"};
  connection.descriptors = listeners(1);
  giver_->send(std::move(connection));
  giver_->send({.words = "released 2 17"});
  std::vector<std::string> heard;
  taker->listen([&](const Message& message) {
    heard.push_back(message.words + "|" + message.bytes + "|" + std::to_string(message.descriptors.size()));
    if (heard.size() == 2) giver_.reset();
  });
  EXPECT_THAT(heard, ElementsAre("connection gateway 127.0.0.1:1|GET / HT\nTP|1", "released 2 17||0"));
}

TEST_F(Handover, GivesMoreSocketsThanAMessageHolds) {
  giver_.emplace(Giver::Settings{.path = path_,
                                 .gateway = listeners(130),
                                 .api = listeners(1),
                                 .let_go = [] {},
                                 .served = [] {},
                                 .lost = [] {},
                                 .left = [] {}});
  giver_->start();
  auto taker = Taker::knock(path_);
  ASSERT_TRUE(taker);
  EXPECT_EQ(taker->take_gateway().size(), 130u);
  EXPECT_EQ(taker->take_api().size(), 1u);
}

TEST_F(Handover, ASuccessorThatGoesBeforeItIsReadyChangesNothing) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Taker::knock(path_));
  }
  auto taker = Taker::knock(path_);
  ASSERT_TRUE(taker);
  EXPECT_THAT(take(*taker), ElementsAre("uses 1"));
  EXPECT_TRUE(await_told("let go"));
  const std::scoped_lock lock{mutex_};
  EXPECT_THAT(told_, ElementsAre("let go"));
}

TEST_F(Handover, WhatWasNotSentToASuccessorThatWentIsForTheNextOne) {
  {
    auto first = Taker::knock(path_);
    ASSERT_TRUE(first);
    take(*first);
  }
  EXPECT_TRUE(await_told("lost"));
  Message connection{.words = "connection api 127.0.0.1:2"};
  connection.descriptors = listeners(1);
  giver_->send(std::move(connection));
  giver_->send({.words = "released 3"});
  giver_->send({.words = "usage 20000 default hello"});
  giver_->forget_unsent();
  auto next = Taker::knock(path_);
  ASSERT_TRUE(next);
  EXPECT_THAT(take(*next), ElementsAre("connection api 127.0.0.1:2", "usage 20000 default hello", "uses 1"))
      << "which replicas are used it hears anew";
}

TEST_F(Handover, ASuccessorThatGoesBeforeItServesTakesNoConnectionWithIt) {
  const auto given = [this](const char* words) {
    Message connection{.words = words, .bytes = "GET"};
    connection.descriptors = listeners(1);
    giver_->send(std::move(connection));
  };
  std::optional<Taker> taker = Taker::knock(path_);
  ASSERT_TRUE(taker);
  take(*taker);
  given("connection api 127.0.0.1:1");
  given("connection api 127.0.0.1:2");
  int heard = 0;
  taker->listen([&](const Message&) {
    if (++heard == 2) taker->shut_down();
  });
  EXPECT_TRUE(await_told("lost"));

  taker = Taker::knock(path_);
  ASSERT_TRUE(taker);
  EXPECT_THAT(take(*taker), ElementsAre("connection api 127.0.0.1:1", "connection api 127.0.0.1:2", "uses 1"));
  taker->say("serving");
  EXPECT_TRUE(await_told("served"));
  taker->shut_down();
  EXPECT_TRUE(await_told("lost"));
  taker = Taker::knock(path_);
  ASSERT_TRUE(taker);
  EXPECT_THAT(take(*taker), ElementsAre("uses 1")) << "those were its own";
}

TEST_F(Handover, WhatIsUnsentWhenItEndsStillGoesOut) {
  auto taker = Taker::knock(path_);
  ASSERT_TRUE(taker);
  take(*taker);
  int heard = 0;
  std::jthread listener{[&] { taker->listen([&](const Message&) { ++heard; }); }};
  for (int i = 0; i < 5000; ++i) giver_->send({.words = "line"});
  giver_.reset();
  listener.join();
  EXPECT_EQ(heard, 5000);
}

TEST_F(Handover, ASuccessorThatEndsInGoodOrderIsNotLost) {
  auto taker = Taker::knock(path_);
  ASSERT_TRUE(taker);
  take(*taker);
  taker->say("farewell");
  taker->shut_down();
  EXPECT_TRUE(await_told("left"));

  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const ports::Descriptor client{ends[0]};
  Message connection{.words = "connection api 127.0.0.1:3"};
  connection.descriptors.emplace_back(ends[1]);
  giver_->send(std::move(connection));
  char byte = 0;
  EXPECT_EQ(::read(client.get(), &byte, 1), 0) << "nobody follows: it is closed at once";
}

TEST_F(Handover, IsForItsOwnUserAlone) {
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_FALSE(Taker::knock(folder_ / "nobody.sock"));
}

}  // namespace
}  // namespace hearth::handover
