// Revisions that no longer serve: gone back to, kept, forgotten.
#include "service_bench.h"

#include <gmock/gmock.h>

#include <optional>
#include <vector>

namespace hearth::control {
namespace {

using domain::Code;
using domain::Fault;
using domain::RevisionState;
using Kind = tests::FakeEngine::Behaviour::Kind;

using ServiceHistoryTest = ServiceBench;

TEST_F(ServiceHistoryTest, RollsBackToTheRevisionThatServedBeforeAndADeployAfterThatWins) {
  deploy();
  deploy();
  deploy();
  EXPECT_EQ(service_->rollback(hello_, std::nullopt, std::nullopt).value.active, 2u);
  EXPECT_EQ(dispatcher_.serving(hello_), 2u);
  EXPECT_EQ(service_->rollback(hello_, 1, std::nullopt).value.active, 1u);
  EXPECT_EQ(service_->rollback(hello_, std::nullopt, std::nullopt).value.active, 2u) << "the one before";
  EXPECT_EQ(deploy().number, 4u);
  EXPECT_EQ(service_->function(hello_).value.active, 4u);
  EXPECT_EQ(service_->function(hello_).value.previous, 2u);
}

TEST_F(ServiceHistoryTest, ARollbackThatDoesNotStartLeavesWhatServes) {
  deploy();
  deploy();
  ASSERT_TRUE(engine_.await([](const auto& engine) { return engine.containers() == 1; })) << "the first is gone";
  engine_.behave("sha256:image-hello-1", {.kind = Kind::exits});
  EXPECT_THAT(refused([&] { service_->rollback(hello_, std::nullopt, std::nullopt); }).message,
              testing::HasSubstr("exited with code"));
  EXPECT_EQ(service_->function(hello_).value.active, 2u);
  EXPECT_EQ(service_->revision(hello_, 1).state, RevisionState::ready) << "it did serve once";
}

TEST_F(ServiceHistoryTest, RefusesARollbackToWhatNeverServedOrThatWasDecidedOnAnOlderState) {
  deploy();
  EXPECT_EQ(refused([&] { service_->rollback(hello_, std::nullopt, std::nullopt); }).code, Code::conflict);
  engine_.behave("sha256:image-hello-2", {.kind = Kind::exits});
  EXPECT_TRUE(settle(service_->deploy(spec(), "sha256:p2", std::nullopt)));
  EXPECT_EQ(refused([&] { service_->rollback(hello_, 2, std::nullopt); }).code, Code::conflict);
  EXPECT_EQ(refused([&] { service_->rollback(hello_, 9, std::nullopt); }).code, Code::not_found);
  const auto version = service_->function(hello_).version;
  EXPECT_EQ(refused([&] { service_->rollback(hello_, 1, version - 1); }).code, Code::stale);
  EXPECT_EQ(service_->rollback(hello_, 1, version).value.active, 1u);
}

TEST_F(ServiceHistoryTest, KeepsTheLastRevisionsAndForgetsTheRest) {
  for (int i = 0; i < 15; ++i) deploy();
  const auto revisions = service_->revisions(hello_);
  EXPECT_THAT(revisions, testing::SizeIs(11));
  EXPECT_EQ(revisions.front().number, 15u);
  EXPECT_EQ(builder_.images(), 11u);
  auto frugal = spec();
  frugal.history = 2;
  EXPECT_FALSE(settle(service_->deploy(frugal, "sha256:p1", std::nullopt)));
  EXPECT_THAT(service_->revisions(hello_), testing::SizeIs(3));
}

TEST_F(ServiceHistoryTest, FailuresPushNothingOutAndOnlyTheLastAreKept) {
  deploy();
  deploy("sha256:p2");
  builder_.fail_with(Fault{.code = Code::invalid, .layer = domain::Layer::client, .message = "step 2 failed"});
  for (int i = 0; i < 20; ++i) settle(service_->deploy(spec(), "sha256:p1", std::nullopt));
  const auto numbers = [this] {
    std::vector<std::uint64_t> all;
    for (const auto& revision : service_->revisions(hello_)) all.push_back(revision.number);
    return all;
  };
  EXPECT_THAT(numbers(), testing::ElementsAre(22, 21, 20, 2, 1));
}

TEST_F(ServiceHistoryTest, WhatCannotBeRemovedNowChangesNothingAndGoesWithTheNext) {
  auto one = spec();
  one.history = 0;
  const auto put = [&] {
    EXPECT_FALSE(settle(service_->deploy(one, "sha256:p1", std::nullopt)));
    return service_->revisions(hello_);
  };
  put();
  builder_.keep_images(true);
  const auto kept = put();
  ASSERT_THAT(kept, testing::SizeIs(2));
  EXPECT_EQ(kept[0].state, RevisionState::ready);
  EXPECT_EQ(service_->function(hello_).value.active, 2u);
  builder_.keep_images(false);
  EXPECT_THAT(put(), testing::SizeIs(1));
  EXPECT_EQ(builder_.images(), 1u);
}

TEST_F(ServiceHistoryTest, KeepsWhatServedBeforeHoweverOldItIs) {
  for (int i = 0; i < 12; ++i) deploy();
  service_->rollback(hello_, 2, std::nullopt);
  deploy();
  EXPECT_EQ(service_->rollback(hello_, std::nullopt, std::nullopt).value.active, 2u);
}

}  // namespace
}  // namespace hearth::control
