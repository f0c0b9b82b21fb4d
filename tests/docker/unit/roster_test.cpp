#include "engines/docker/roster.h"

#include <gtest/gtest.h>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;

struct Nowhere final : ports::LogSink {
  void line(const ports::LogLine&) override {}
};

class RosterMemory : public testing::Test {
 protected:
  RosterMemory() {
    for (const domain::ReplicaId replica : {1, 2}) {
      const auto output = std::make_shared<Following>(sink_, replica, domain::FunctionName{"default", "eater"});
      roster_.add({.replica = replica, .container = "c" + std::to_string(replica), .output = output});
    }
  }
  bool told(const std::string& container, domain::Duration after) {
    return roster_.out_of_memory(container, std::nullopt, domain::Time{} + 1h + after) != nullptr;
  }

  Nowhere sink_;
  Roster roster_;
};

TEST_F(RosterMemory, IsToldOnceOfKillsThatFollowEachOtherAndAgainAfterAWhile) {
  EXPECT_TRUE(told("c1", 0ms));
  EXPECT_FALSE(told("c1", 2ms));
  EXPECT_TRUE(told("c2", 3ms)) << "another replica has its own";
  EXPECT_FALSE(told("c1", Roster::kBetween - 1ms));
  EXPECT_TRUE(told("c1", Roster::kBetween));
  EXPECT_FALSE(told("unknown", 0ms));
}

TEST_F(RosterMemory, IsToldLateOfAReplicaWhoseOutputNobodyFollowsYet) {
  roster_.add({.replica = 3, .container = "c3"});
  EXPECT_FALSE(told("c3", 0ms));
  roster_.set_output(3, std::make_shared<Following>(sink_, 3, domain::FunctionName{"default", "eater"}));
  EXPECT_TRUE(told("c3", 1ms));
}

TEST_F(RosterMemory, GoesWithTheExitAlsoWhereItIsNotTold) {
  EXPECT_TRUE(roster_.started(1));
  told("c1", 0ms);
  roster_.out_of_memory("c1", domain::mebibytes(64), domain::Time{} + 1h + 1ms);
  const auto ended = roster_.exited("c1", 137);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->second.out_of_memory);
  EXPECT_EQ(ended->second.memory_peak, domain::mebibytes(64));
}

}  // namespace
}  // namespace hearth::docker
