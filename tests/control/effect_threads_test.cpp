#include "control/effect_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;
using Kind = EffectThreads::Kind;

// Tasks that say when they begin, and take until they are let go.
class EffectThreadsTest : public testing::Test {
 protected:
  ~EffectThreadsTest() override {
    let_go();
    threads_.reset();
  }

  void begin(std::uint32_t threads, std::uint32_t most_stops = 1) { threads_.emplace(threads, most_stops); }
  void push(Kind kind, const std::string& name) {
    threads_->push(kind, [this, name] {
      std::unique_lock lock{mutex_};
      begun_.push_back(name);
      changed_.notify_all();
      changed_.wait(lock, [this] { return !held_; });
    });
  }
  void let_go() {
    const std::scoped_lock lock{mutex_};
    held_ = false;
    changed_.notify_all();
  }
  // What began, once it is so many.
  std::vector<std::string> begun(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 10s, [&] { return begun_.size() >= count; });
    return begun_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> begun_;
  bool held_ = true;
  std::optional<EffectThreads> threads_;
};

TEST_F(EffectThreadsTest, TakeStartsBeforeStopsAndThoseBeforeFreezes) {
  begin(1);
  push(Kind::work, "busy");
  begun(1);
  push(Kind::freeze, "freeze");
  push(Kind::stop, "stop");
  push(Kind::work, "work");
  let_go();
  EXPECT_THAT(begun(4), ElementsAre("busy", "work", "stop", "freeze"));
}

TEST_F(EffectThreadsTest, LeaveThreadsForStartsWhateverStopsAndFreezesTake) {
  begin(5, 2);
  for (int i = 0; i < 9; ++i) push(Kind::stop, "stop");
  for (int i = 0; i < 9; ++i) push(Kind::freeze, "freeze");
  EXPECT_THAT(begun(4), testing::UnorderedElementsAre("stop", "stop", "freeze", "freeze"));
  push(Kind::work, "work");
  const auto all = begun(5);
  ASSERT_THAT(all, SizeIs(5));
  EXPECT_EQ(all.back(), "work");
  let_go();
  EXPECT_THAT(begun(19), SizeIs(19));
}

TEST_F(EffectThreadsTest, KeepSomeForThawsAlone) {
  begin(1);
  push(Kind::work, "work");
  begun(1);
  push(Kind::thaw, "thaw");
  push(Kind::work, "more");
  EXPECT_THAT(begun(2), ElementsAre("work", "thaw"));
}

TEST_F(EffectThreadsTest, WaitInTheEndForWhatRunsAndDropWhatWaits) {
  begin(1);
  push(Kind::work, "runs");
  begun(1);
  auto kept = std::make_shared<int>();
  const std::weak_ptr<int> waits = kept;
  threads_->push(Kind::work, [kept = std::move(kept)] { ADD_FAILURE() << "it was to be dropped"; });
  std::jthread ending{[this] { threads_->end(); }};
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!waits.expired() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  ASSERT_TRUE(waits.expired());
  let_go();
  ending.join();
  push(Kind::thaw, "late");
  threads_.reset();
  EXPECT_THAT(begun(1), ElementsAre("runs"));
}

}  // namespace
}  // namespace hearth::control
