#include "store/group_commit.h"

#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <semaphore>
#include <string>
#include <vector>

namespace hearth::store {
namespace {

class GroupCommitTest : public testing::Test {
 protected:
  GroupCommitTest() { database_.run("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"); }

  static GroupCommit::Change insert(int number) {
    return [number](Sqlite& database) {
      Statement(database, "INSERT INTO numbers VALUES (?)").bind(std::int64_t{number}).next();
    };
  }

  tests::TemporaryFolder folder_;
  Sqlite database_{folder_ / "numbers.db"};
};

TEST_F(GroupCommitTest, PutsIntoOneTransactionWhatWaitsWhileAnotherIsWritten) {
  GroupCommit commits(database_);
  std::binary_semaphore begun{0};
  std::binary_semaphore go{0};
  std::promise<void> last;
  commits.submit([&](Sqlite&) { begun.release(), go.acquire(); }, [](const auto&) {});
  begun.acquire();
  for (int number = 0; number < 100; ++number) {
    commits.submit(insert(number), [&last, number](const auto& why_not) {
      EXPECT_FALSE(why_not);
      if (number == 99) last.set_value();
    });
  }
  go.release();
  last.get_future().wait();
  EXPECT_EQ(commits.counts().commits, 2u);
  EXPECT_EQ(commits.counts().changes, 101u);
}

TEST_F(GroupCommitTest, LetsNoChangePayForAnotherOnesFault) {
  GroupCommit commits(database_);
  commits.run(insert(7));
  std::binary_semaphore begun{0};
  std::binary_semaphore go{0};
  std::vector<std::string> told;
  std::promise<void> last;
  commits.submit([&](Sqlite&) { begun.release(), go.acquire(); }, [](const auto&) {});
  begun.acquire();
  for (const int number : {6, 7, 8}) {
    commits.submit(insert(number), [&told, number](const auto& why_not) {
      told.push_back(std::to_string(number) + (why_not ? " not" : " yes"));
    });
  }
  commits.submit([](Sqlite&) {}, [&last](const auto&) { last.set_value(); });
  go.release();
  last.get_future().wait();
  EXPECT_EQ(told, (std::vector<std::string>{"6 yes", "7 not", "8 yes"}));
  commits.run([](Sqlite& database) { EXPECT_EQ(database.number("SELECT count(*) FROM numbers"), 3); });
}

TEST_F(GroupCommitTest, WritesWhatWaitsBeforeItEnds) {
  std::atomic<int> told{0};
  {
    GroupCommit commits(database_);
    for (int number = 0; number < 50; ++number) {
      commits.submit(insert(number), [&told](const auto& why_not) { told += why_not ? 0 : 1; });
    }
  }
  EXPECT_EQ(told, 50);
  EXPECT_EQ(database_.number("SELECT count(*) FROM numbers"), 50);
}

TEST_F(GroupCommitTest, ThrowsWhatRunCouldNotDo) {
  GroupCommit commits(database_);
  commits.run(insert(1));
  EXPECT_THROW(commits.run(insert(1)), domain::Error);
}

}  // namespace
}  // namespace hearth::store
