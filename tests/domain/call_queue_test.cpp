#include "domain/call_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace hearth::domain {
namespace {

using namespace std::chrono_literals;

WallTime at(int milliseconds) { return WallTime{std::chrono::milliseconds{milliseconds}}; }
Waiting waiting(const std::string& id, int due) { return {.turn = {.due = at(due), .id = id}}; }
std::string taken(CallQueue& queue, int now, std::uint32_t at_once = 100) {
  const auto call = queue.take(at(now), at_once);
  return call ? call->turn.id : "";
}

TEST(CallQueue, GivesCallsInTheOrderInWhichTheyAreDueAndNoneBefore) {
  CallQueue queue;
  queue.add(waiting("late", 30)), queue.add(waiting("b", 10)), queue.add(waiting("a", 10));
  EXPECT_EQ(queue.wake_at(100), at(10));
  EXPECT_EQ(taken(queue, 9), "");
  EXPECT_EQ(taken(queue, 10), "a");
  EXPECT_EQ(taken(queue, 10), "b");
  EXPECT_EQ(taken(queue, 29), "");
  EXPECT_EQ(queue.wake_at(100), at(30));
}

TEST(CallQueue, LetsNoMoreRunThanItMay) {
  CallQueue queue;
  for (const char* id : {"a", "b", "c"}) queue.add(waiting(id, 0));
  EXPECT_EQ(taken(queue, 1, 2), "a");
  EXPECT_EQ(taken(queue, 1, 2), "b");
  EXPECT_EQ(taken(queue, 1, 2), "");
  EXPECT_EQ(queue.wake_at(2), std::nullopt);
  queue.ended("a");
  EXPECT_EQ(taken(queue, 1, 2), "c");
}

TEST(CallQueue, LeavesWhatIsTooMuchInTheStoreAndAsksForItLater) {
  CallQueue queue(4);
  for (int i = 0; i < 9; ++i) queue.add(waiting(std::string(1, static_cast<char>('a' + i)), 0));
  EXPECT_EQ(queue.here(), 4u);
  EXPECT_EQ(queue.wants(), std::nullopt);
  for (const char* id : {"a", "b", "c", "d"}) EXPECT_EQ(taken(queue, 0), id);
  EXPECT_EQ(queue.wants(), (CallTurn{.due = at(0), .id = "e"}));
  queue.filling();
  EXPECT_EQ(queue.wants(), std::nullopt);
  queue.fill({waiting("e", 0), waiting("f", 0)}, false);
  EXPECT_EQ(taken(queue, 0), "e");
  EXPECT_EQ(queue.wants(), std::nullopt);
  EXPECT_EQ(taken(queue, 0), "f");
  EXPECT_EQ(queue.wants(), (CallTurn{.due = at(0), .id = std::string("f\0", 2)}));
}

TEST(CallQueue, TakesNothingTwiceThatAPageHadAsItWas) {
  CallQueue queue(4);
  queue.look_again();
  queue.filling();
  queue.fill({waiting("a", 0)}, false);
  EXPECT_EQ(taken(queue, 0), "a");
  queue.filling();
  queue.ended("a");  // after the page was read, and before it came
  queue.fill({waiting("a", 0), waiting("b", 0)}, true);
  EXPECT_EQ(taken(queue, 0), "b");
  EXPECT_EQ(taken(queue, 0), "");
}

TEST(CallQueue, ForgetsWhatIsCancelledWhileItWaits) {
  CallQueue queue;
  queue.add(waiting("a", 5));
  EXPECT_FALSE(queue.remove({.due = at(6), .id = "a"}));
  EXPECT_TRUE(queue.remove({.due = at(5), .id = "a"}));
  EXPECT_TRUE(queue.empty());
}

// Beside a store that is right by itself, under any order of additions, attempts, retries, cancellations and pages that
// are read long before they come: each call is taken when it is due, never twice at a time, and none is left.
class Story {
 public:
  explicit Story(unsigned seed) : random_(seed) {}

  void operator()() {
    for (int step = 0; step < 400; ++step) {
      ++now_;
      switch (random_() % 6) {
        case 0:
        case 1: add(); break;
        case 2: take(3); break;
        case 3: end(); break;
        case 4: cancel(); break;
        case 5: page(); break;
      }
      ASSERT_LE(queue_.here(), 8u + 6u);
    }
    while (!store_.empty()) {
      now_ = 1'000'000;
      page(), page(), take(1'000), end(true);
      ASSERT_LT(++rounds_, 2'000);
    }
    EXPECT_TRUE((page(), page(), queue_.empty()));
  }

 private:
  void add() {
    const auto id = std::to_string(random_() % 1'000'000) + "-" + std::to_string(++made_);
    const int due = now_ + static_cast<int>(random_() % 40) - 10;
    store_[id] = due;
    queue_.add(waiting(id, due));
  }
  void take(std::uint32_t at_once) {
    const auto call = queue_.take(at(now_), at_once);
    if (!call) return;
    const auto& id = call->turn.id;
    ASSERT_TRUE(store_.contains(id)) << id << " had ended";
    ASSERT_EQ(call->turn.due, at(store_[id])) << id << " is from before its last attempt";
    ASSERT_TRUE(std::find(running_.begin(), running_.end(), id) == running_.end()) << id << " runs already";
    running_.push_back(id);
  }
  void end(bool for_good = false) {
    if (running_.empty()) return;
    const auto id = running_.back();
    running_.pop_back();
    const bool again = !for_good && random_() % 2 == 0;
    again ? void(store_[id] = now_ + static_cast<int>(random_() % 30)) : void(store_.erase(id));
    queue_.ended(id);
    if (again) queue_.add(waiting(id, store_[id]));
  }
  void cancel() {
    if (store_.empty()) return;
    const auto found = std::next(store_.begin(), static_cast<long>(random_() % store_.size()));
    const auto id = found->first;
    if (std::find(running_.begin(), running_.end(), id) != running_.end()) return;
    queue_.remove({.due = at(found->second), .id = id});
    store_.erase(id);
    cancelled_.insert(id);
  }
  // Reads a page, or brings the one that was read.
  void page() {
    if (reading_) {
      queue_.fill(std::move(page_), last_);
      reading_ = false;
      return;
    }
    const auto from = queue_.wants();
    if (!from) return;
    queue_.filling();
    reading_ = true;
    page_.clear();
    for (const auto& [id, due] : store_) {
      if (CallTurn{.due = at(due), .id = id} >= *from) page_.push_back(waiting(id, due));
    }
    std::sort(page_.begin(), page_.end(), [](const auto& a, const auto& b) { return a.turn < b.turn; });
    last_ = page_.size() < 6;
    if (!last_) page_.resize(6);
  }

  std::mt19937 random_;
  CallQueue queue_{8};
  std::map<std::string, int> store_;
  std::vector<std::string> running_;
  std::set<std::string> cancelled_;
  std::vector<Waiting> page_;
  bool reading_ = false;
  bool last_ = false;
  int now_ = 0;
  int made_ = 0;
  int rounds_ = 0;
};

TEST(CallQueue, LosesAndRepeatsNothingInAnyOrderOfEvents) {
  const char* repeat = std::getenv("HEARTH_TEST_REPEAT");
  const unsigned runs = 300 * (repeat ? static_cast<unsigned>(std::atoi(repeat)) : 1);
  for (unsigned seed = 0; seed < runs && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story{seed};
    story();
  }
}

}  // namespace
}  // namespace hearth::domain
