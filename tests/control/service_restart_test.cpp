// What a hearthd finds in its store, and goes on with.
#include "service_bench.h"

#include <gmock/gmock.h>

#include <optional>

namespace hearth::control {
namespace {

using domain::Code;
using domain::RevisionState;

using ServiceRestartTest = ServiceBench;

TEST_F(ServiceRestartTest, ServesWhatIsStoredAfterARestartAndGoesOnWithDeploysThatWereCutOff) {
  deploy();
  builder_.hold(true);
  service_->deploy(spec(), "sha256:p2", std::nullopt);
  service_.reset();
  EXPECT_EQ(Records{store_}.revision(hello_, 2)->state, RevisionState::building);
  builder_.hold(false);
  engine_.behave("sha256:image-hello-2", {.held = true});

  Next next{*this};

  Caller caller{next.dispatcher, clock_};
  ASSERT_TRUE(caller.call("hello"));
  ASSERT_NE(caller.await_lease(), nullptr);
  EXPECT_EQ(caller.await_lease()->replica().revision, 1u) << "until the second is warm";
  engine_.let_start("sha256:image-hello-2");
  EXPECT_FALSE(await(next.service, next.service.revision(hello_, 2)));
  EXPECT_EQ(next.service.function(hello_).value.active, 2u);
}

TEST_F(ServiceRestartTest, TriesAgainAfterARestartWhatWasBuiltAndNotYetWarm) {
  deploy();
  engine_.behave("sha256:image-hello-2", {.held = true});
  service_->deploy(spec(), "sha256:p2", std::nullopt);
  ASSERT_TRUE(engine_.await([](const auto& engine) { return engine.starts() == 2; }));
  service_.reset();
  EXPECT_EQ(Records{store_}.revision(hello_, 2)->state, RevisionState::starting);
  EXPECT_EQ(Records{store_}.function(hello_)->value.active, 1u);
  engine_.let_start("sha256:image-hello-2");

  Next next{*this};
  EXPECT_FALSE(await(next.service, next.service.revision(hello_, 2)));
  EXPECT_EQ(next.service.function(hello_).value.active, 2u);
}

TEST_F(ServiceRestartTest, EndsARemovalThatWasCutOffAndForgetsPackagesOfNoRevision) {
  deploy();
  deploy("sha256:p2", "other");
  packages_.put("sha256:never-deployed");
  service_.reset();
  Records records{store_};
  ASSERT_TRUE(records.remove(hello_, records.function(hello_)->version));

  Next next{*this};

  EXPECT_TRUE(records.revisions(hello_).empty());
  EXPECT_EQ(builder_.images(), 1u);
  EXPECT_THAT(packages_.list(), testing::ElementsAre("sha256:p2"));
}

TEST_F(ServiceRestartTest, ACutOffDeployDoesNotTakeThePlaceOfANewerOneAfterARestart) {
  deploy();
  deploy("sha256:p2");
  Records records{store_};
  for (const auto number : {1, 2}) {
    auto revision = *records.revision(hello_, static_cast<std::uint64_t>(number));
    revision.state = RevisionState::starting;
    records.put(revision);
  }
  service_.reset();

  Next next{*this};
  EXPECT_EQ(next.service.revision(hello_, 1).state, RevisionState::failed);
  EXPECT_EQ(next.service.revision(hello_, 2).state, RevisionState::ready);
  EXPECT_EQ(next.service.function(hello_).value.active, 2u);
}

TEST_F(ServiceRestartTest, RoutesAreHeldAgainAfterARestart) {
  EXPECT_FALSE(settle(service_->deploy(with_route(spec(), "/api"), "sha256:p1", std::nullopt)));
  service_.reset();
  Next next{*this};
  EXPECT_EQ(function_at(next.dispatcher, "/api"), "hello");
  EXPECT_EQ(refused([&] { next.service.deploy(with_route(spec("other"), "/api"), "sha256:p1", std::nullopt); }).code,
            Code::conflict);
}

}  // namespace
}  // namespace hearth::control
