#include "host/process_watch.h"

#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>

namespace hearth::host {
namespace {

// A group as the kernel shows it; a file changes as one of its own does.
class Group {
 public:
  explicit Group(bool second) {
    if (second) std::ofstream{folder_ / "cgroup.controllers"} << "pids\n";
    refuse(0);
  }
  void refuse(int count) { std::ofstream{folder_ / "pids.events"} << "max " << count << "\n"; }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  tests::TemporaryFolder folder_;
};

class Told {
 public:
  std::function<void()> teller() {
    return [this] {
      const std::lock_guard lock{mutex_};
      ++count_;
      changed_.notify_all();
    };
  }
  bool await(int count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return count_ >= count; });
  }
  int count() {
    const std::lock_guard lock{mutex_};
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

class EachVersion : public testing::TestWithParam<bool> {};

TEST_P(EachVersion, TellsOfARefusalOnceAndOfNoOtherReplicas) {
  Told of_one;
  Told of_other;
  Group one{GetParam()};
  Group other{GetParam()};
  ProcessWatch watch;
  watch.begin(1, one.path(), of_one.teller());
  watch.begin(2, other.path(), of_other.teller());

  one.refuse(5);
  EXPECT_TRUE(of_one.await(1));
  one.refuse(6);
  other.refuse(1);

  EXPECT_TRUE(of_other.await(1));  // whatever was due for the first would have been told by now
  EXPECT_EQ(of_one.count(), 1);
}

TEST_P(EachVersion, LeavesAloneWhatHasEnded) {
  Told of_one;
  Told of_other;
  Group one{GetParam()};
  Group other{GetParam()};
  ProcessWatch watch;
  watch.begin(1, one.path(), of_one.teller());
  watch.begin(2, other.path(), of_other.teller());
  watch.end(1);
  watch.end(7);

  one.refuse(5);
  other.refuse(5);

  EXPECT_TRUE(of_other.await(1));
  EXPECT_EQ(of_one.count(), 0);
}

INSTANTIATE_TEST_SUITE_P(ProcessWatch, EachVersion, testing::Bool());

}  // namespace
}  // namespace hearth::host
