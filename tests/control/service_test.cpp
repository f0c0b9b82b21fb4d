// Deploys, and what is refused, listed and removed.
#include "service_bench.h"

#include <gmock/gmock.h>

#include <optional>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using domain::Code;
using domain::Fault;
using domain::RevisionState;
using Kind = tests::FakeEngine::Behaviour::Kind;

using ServiceTest = ServiceBench;

TEST_F(ServiceTest, ADeployedFunctionIsCalledAsSoonAsItsBuildIsSettled) {
  deploy();
  EXPECT_EQ(service_->function(hello_).value.active, 1u);
  EXPECT_EQ(service_->revision(hello_, 1).state, RevisionState::ready);
  Caller caller{dispatcher_, clock_};
  ASSERT_TRUE(caller.call("hello"));
  EXPECT_NE(caller.await_lease(), nullptr);
}

TEST_F(ServiceTest, AFailedBuildLeavesTheRunningRevisionAlone) {
  deploy();
  builder_.fail_with(Fault{.code = Code::invalid, .layer = domain::Layer::client, .message = "step 2 failed"});
  const auto failed = service_->deploy(spec(), "sha256:p2", std::nullopt);
  EXPECT_EQ(settle(failed)->message, "step 2 failed");
  EXPECT_EQ(service_->function(hello_).value.active, 1u);
  EXPECT_EQ(service_->function(hello_).value.latest, 2u);
  EXPECT_EQ(service_->revision(hello_, 2).fault->message, "step 2 failed");
}

TEST_F(ServiceTest, RefusesADeployThatWasDecidedOnAnOlderState) {
  deploy();
  const auto version = service_->function(hello_).version;
  deploy("sha256:p2");
  EXPECT_EQ(refused([&] { service_->deploy(spec(), "sha256:p1", version); }).code, Code::stale);
  EXPECT_EQ(refused([&] { service_->deploy(spec(), "sha256:p1", 0); }).code, Code::stale);
  EXPECT_NO_THROW(service_->deploy(spec(), "sha256:p1", service_->function(hello_).version));
}

TEST_F(ServiceTest, TellsEverythingThatIsWrongWithASpec) {
  auto wrong = spec("Not-A-Name");
  wrong.limits.memory = {};
  try {
    service_->deploy(wrong, "sha256:p1", std::nullopt);
    FAIL() << "was not refused";
  } catch (const InvalidDocument& error) {
    EXPECT_THAT(error.complaints(), testing::SizeIs(2));
    EXPECT_EQ(error.fault().code, Code::unprocessable);
  }
}

TEST_F(ServiceTest, RefusesAPackageThatIsNotHere) {
  EXPECT_EQ(refused([&] { service_->deploy(spec(), "sha256:none", std::nullopt); }).code, Code::not_found);
  EXPECT_EQ(refused([&] { service_->deploy(spec(), "", std::nullopt); }).code, Code::unprocessable);
}

TEST_F(ServiceTest, ADeployThatDoesNotStartFailsWithItsCauseAndTheOldRevisionServesOn) {
  deploy();
  engine_.behave("sha256:image-hello-2", {.kind = Kind::does_not_load});
  const auto broken = service_->deploy(spec(), "sha256:p2", std::nullopt);
  EXPECT_EQ(settle(broken)->message, "the handler did not load");
  EXPECT_EQ(service_->revision(hello_, 2).state, RevisionState::failed);
  EXPECT_EQ(service_->revision(hello_, 2).fault->message, "the handler did not load");
  EXPECT_EQ(service_->function(hello_).value.active, 1u);
  EXPECT_FALSE(service_->view(hello_).last_failure);
  Caller caller{dispatcher_, clock_};
  ASSERT_TRUE(caller.call("hello"));
  ASSERT_NE(caller.await_lease(), nullptr);
  EXPECT_EQ(caller.await_lease()->replica().revision, 1u);
}

TEST_F(ServiceTest, AFirstDeployThatDoesNotStartServesNothing) {
  engine_.behave({.kind = Kind::exits});
  EXPECT_TRUE(settle(service_->deploy(spec(), "sha256:p1", std::nullopt)));
  EXPECT_EQ(service_->function(hello_).value.active, 0u);
  EXPECT_EQ(engine_.containers(), 0u);
  Caller caller{dispatcher_, clock_};
  EXPECT_FALSE(caller.call("hello"));
}

TEST_F(ServiceTest, WhatIsNotToBeVerifiedServesAsSoonAsItIsBuilt) {
  EXPECT_FALSE(settle(service_->deploy(spec(), "sha256:p1", std::nullopt, false)));
  EXPECT_EQ(service_->function(hello_).value.active, 1u);
  EXPECT_EQ(engine_.starts(), 0u);
}

TEST_F(ServiceTest, ABuildThatOutlivesItsFunctionLeavesNoImage) {
  builder_.hold(true);
  const auto revision = service_->deploy(spec(), "sha256:p1", std::nullopt);
  const auto log = service_->build_log(hello_, 1);
  service_->remove(hello_, std::nullopt);
  builder_.hold(false);
  auto part = log->read(0, 0ms);
  while (!part.settled) part = log->read(part.next, 10s);
  EXPECT_EQ(part.fault->code, Code::not_found);
  EXPECT_EQ(builder_.images(), 0u);
}

TEST_F(ServiceTest, RemovalLeavesNeitherReplicaNorImageNorPackageNorRecord) {
  deploy();
  deploy("sha256:p2");
  EXPECT_FALSE(settle(service_->deploy(spec("other"), "sha256:p2", std::nullopt, false)));
  Caller caller{dispatcher_, clock_};
  ASSERT_TRUE(caller.call("hello"));
  caller.finish();
  keep_records_.write();
  EXPECT_THAT(store_.list("idle/", "", 10), testing::SizeIs(1));
  service_->remove(hello_, std::nullopt);
  EXPECT_EQ(engine_.containers(), 0u);
  EXPECT_EQ(builder_.images(), 1u);
  EXPECT_FALSE(packages_.find("sha256:p1"));
  EXPECT_TRUE(packages_.find("sha256:p2")) << "the other function is made of it";
  EXPECT_EQ(refused([&] { service_->function(hello_); }).code, Code::not_found);
  EXPECT_TRUE(Records{store_}.revisions(hello_).empty());
  EXPECT_THAT(store_.list("idle/", "", 10), testing::IsEmpty());
}

TEST_F(ServiceTest, ChangesNothingOnceItIsClosed) {
  deploy();
  service_->close();
  EXPECT_EQ(refused([&] { service_->deploy(spec(), "sha256:p1", std::nullopt); }).code, Code::unavailable);
  EXPECT_EQ(refused([&] { service_->rollback(hello_, 1, std::nullopt); }).code, Code::unavailable);
  EXPECT_EQ(refused([&] { service_->remove(hello_, std::nullopt); }).retry_after, 1s);
}

TEST_F(ServiceTest, ListsInPagesByName) {
  for (const auto* name : {"c", "a", "b"}) deploy("sha256:p1", name);
  const auto first = service_->functions("default", "", 2);
  ASSERT_THAT(first, testing::SizeIs(2));
  EXPECT_EQ(first[0].value.name.name, "a");
  const auto rest = service_->functions("default", first[1].value.name.name, 2);
  ASSERT_THAT(rest, testing::SizeIs(1));
  EXPECT_EQ(rest[0].value.name.name, "c");
}

}  // namespace
}  // namespace hearth::control
