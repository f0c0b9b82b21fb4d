#include "domain/start_budget.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hearth::domain {
namespace {

using Taken = std::vector<std::pair<std::string, ReplicaId>>;

Taken take_all(StartBudget<std::string>& budget) {
  Taken taken;
  while (const auto next = budget.take()) taken.push_back(*next);
  return taken;
}

TEST(StartBudget, LetsNoMoreThanItsMostBeInFlight) {
  StartBudget<std::string> budget{2};
  for (ReplicaId id = 1; id <= 4; ++id) budget.want("a", id);
  EXPECT_EQ(take_all(budget), (Taken{{"a", 1}, {"a", 2}}));
  EXPECT_EQ(budget.in_flight(), 2u);
  budget.done();
  EXPECT_EQ(take_all(budget), (Taken{{"a", 3}}));
}

TEST(StartBudget, GivesEachFunctionItsTurn) {
  StartBudget<std::string> budget{9};
  for (ReplicaId id = 1; id <= 3; ++id) budget.want("flood", id);
  budget.want("calm", 10);
  budget.want("quiet", 20);
  EXPECT_EQ(take_all(budget), (Taken{{"flood", 1}, {"calm", 10}, {"quiet", 20}, {"flood", 2}, {"flood", 3}}));
}

TEST(StartBudget, DropsOneThatIsNotWantedAnyMore) {
  StartBudget<std::string> budget{9};
  for (ReplicaId id = 1; id <= 3; ++id) budget.want("a", id);
  EXPECT_TRUE(budget.drop("a", 2));
  EXPECT_EQ(take_all(budget), (Taken{{"a", 1}, {"a", 3}}));
}

TEST(StartBudget, ForgetsAFunctionWhoseLastOneWasDropped) {
  StartBudget<std::string> budget{9};
  budget.want("a", 1);
  budget.want("b", 2);
  EXPECT_TRUE(budget.drop("a", 1));
  EXPECT_EQ(take_all(budget), (Taken{{"b", 2}}));
}

TEST(StartBudget, DropsNothingThatIsNotWaiting) {
  StartBudget<std::string> budget{1};
  EXPECT_FALSE(budget.drop("a", 1)) << "never wanted";
  budget.want("a", 1);
  budget.want("a", 2);
  budget.take();
  EXPECT_FALSE(budget.drop("a", 1)) << "in flight already";
  EXPECT_FALSE(budget.drop("b", 2)) << "another function's";
  EXPECT_EQ(budget.in_flight(), 1u);
}

}  // namespace
}  // namespace hearth::domain
