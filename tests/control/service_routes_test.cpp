// Who has a route, from its activation on.
#include "service_bench.h"

#include <optional>

namespace hearth::control {
namespace {

using domain::Code;
using domain::RevisionState;

using ServiceRoutesTest = ServiceBench;

TEST_F(ServiceRoutesTest, ARouteIsItsFunctionsFromActivationToRemoval) {
  EXPECT_FALSE(settle(service_->deploy(with_route(spec(), "/old"), "sha256:p1", std::nullopt)));
  EXPECT_EQ(function_at(dispatcher_, "/old"), "hello");
  EXPECT_FALSE(settle(service_->deploy(with_route(spec(), "/new"), "sha256:p1", std::nullopt)));
  EXPECT_EQ(function_at(dispatcher_, "/old"), "");
  EXPECT_EQ(function_at(dispatcher_, "/new"), "hello");
  // What it had before is free.
  EXPECT_FALSE(settle(service_->deploy(with_route(spec("other"), "/old"), "sha256:p1", std::nullopt)));
  EXPECT_EQ(function_at(dispatcher_, "/old"), "other");
  service_->remove(hello_, std::nullopt);
  EXPECT_EQ(function_at(dispatcher_, "/new"), "");
  EXPECT_FALSE(settle(service_->deploy(with_route(spec("third"), "/new"), "sha256:p1", std::nullopt)));
}

TEST_F(ServiceRoutesTest, ARouteThatAnotherFunctionHasIsRefusedBeforeTheBuild) {
  EXPECT_FALSE(settle(service_->deploy(with_route(spec(), "/api/{id}"), "sha256:p1", std::nullopt)));
  const auto fault =
      refused([&] { service_->deploy(with_route(spec("other"), "/api/{name}"), "sha256:p1", std::nullopt); });
  EXPECT_EQ(fault.code, Code::conflict);
  EXPECT_EQ(fault.message, "the route /api/{name} of other takes the same requests as /api/{id} of hello");
  EXPECT_EQ(refused([&] { service_->function({.name = "other"}); }).code, Code::not_found);
}

TEST_F(ServiceRoutesTest, OfTwoDeploysAtOnceTheSecondToBeBuiltDoesNotGetTheRoute) {
  builder_.hold(true);
  const auto one = service_->deploy(with_route(spec(), "/api"), "sha256:p1", std::nullopt);
  const auto two = service_->deploy(with_route(spec("other"), "/api/"), "sha256:p1", std::nullopt);
  builder_.hold(false);
  const auto first = settle(one);
  const auto second = settle(two);
  ASSERT_NE(first.has_value(), second.has_value());
  const auto& loser = first ? one : two;
  EXPECT_EQ((first ? first : second)->code, Code::conflict);
  EXPECT_EQ(service_->revision(loser.function, 1).state, RevisionState::failed);
  EXPECT_EQ(service_->revision(loser.function, 1).fault->code, Code::conflict);
  EXPECT_EQ(service_->function(loser.function).value.active, 0u);
  EXPECT_EQ(function_at(dispatcher_, "/api"), (first ? two : one).function.name);
}

}  // namespace
}  // namespace hearth::control
