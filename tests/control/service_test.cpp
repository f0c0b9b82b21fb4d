#include "control/service.h"

#include "caller.h"
#include "control/records.h"
#include "control/spec_codec.h"
#include "fakes/fake_builder.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_engine.h"
#include "fakes/fake_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::control {
namespace {

using namespace std::chrono_literals;
using domain::Code;
using domain::Fault;
using domain::RevisionState;

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    packages_.put("sha256:p1");
    packages_.put("sha256:p2");
    engine_.tell(dispatcher_);
  }

  static domain::FunctionSpec spec(const std::string& name = "hello") {
    domain::FunctionSpec spec;
    spec.name.name = name;
    spec.runtime = "python";
    spec.handler = "handler.py:handle";
    return spec;
  }
  // The fault of the build, or nothing.
  std::optional<Fault> settle(const domain::Revision& revision) { return await(*service_, revision); }
  static std::optional<Fault> await(Service& service, const domain::Revision& revision) {
    const auto log = service.build_log(revision.function, revision.number);
    EXPECT_TRUE(log);
    auto part = log->read(0, 0ms);
    while (!part.settled) part = log->read(part.next, 10s);
    return part.fault;
  }
  domain::Revision deploy(const std::string& package = "sha256:p1", const std::string& name = "hello") {
    auto revision = service_->deploy(spec(name), package, std::nullopt);
    EXPECT_FALSE(settle(revision));
    return revision;
  }
  template <class Act>
  Fault refused(Act act) {
    try {
      act();
    } catch (const domain::Error& error) {
      return error.fault();
    }
    ADD_FAILURE() << "was not refused";
    return {};
  }

  const domain::FunctionName hello_{.name = "hello"};
  tests::FakeClock clock_;
  tests::FakeEngine engine_;
  tests::FakeStore store_;
  tests::FakePackages packages_;
  tests::FakeBuilder builder_;
  Dispatcher dispatcher_{engine_, clock_, {}};
  std::unique_ptr<Service> service_ = std::make_unique<Service>(store_, packages_, builder_, dispatcher_, clock_);
};

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

TEST_F(ServiceTest, ServesWhatIsStoredAfterARestartAndGoesOnWithDeploysThatWereCutOff) {
  deploy();
  builder_.hold(true);
  service_->deploy(spec(), "sha256:p2", std::nullopt);
  service_.reset();
  EXPECT_EQ(Records{store_}.revision(hello_, 2)->state, RevisionState::building);
  builder_.hold(false);
  engine_.behave("sha256:image-hello-2", {.held = true});

  Dispatcher dispatcher{engine_, clock_, {}};
  Service service{store_, packages_, builder_, dispatcher, clock_};
  service.load();

  Caller caller{dispatcher, clock_};
  ASSERT_TRUE(caller.call("hello"));
  ASSERT_NE(caller.await_lease(), nullptr);
  EXPECT_EQ(caller.await_lease()->replica().revision, 1u) << "until the second is warm";
  engine_.let_start("sha256:image-hello-2");
  EXPECT_FALSE(await(service, service.revision(hello_, 2)));
  EXPECT_EQ(service.function(hello_).value.active, 2u);
}

TEST_F(ServiceTest, TriesAgainAfterARestartWhatWasBuiltAndNotYetWarm) {
  deploy();
  engine_.behave("sha256:image-hello-2", {.held = true});
  service_->deploy(spec(), "sha256:p2", std::nullopt);
  ASSERT_TRUE(engine_.await([](const auto& engine) { return engine.starts() == 2; }));
  service_.reset();
  EXPECT_EQ(Records{store_}.revision(hello_, 2)->state, RevisionState::starting);
  EXPECT_EQ(Records{store_}.function(hello_)->value.active, 1u);
  engine_.let_start("sha256:image-hello-2");

  Dispatcher dispatcher{engine_, clock_, {}};
  Service service{store_, packages_, builder_, dispatcher, clock_};
  service.load();
  EXPECT_FALSE(await(service, service.revision(hello_, 2)));
  EXPECT_EQ(service.function(hello_).value.active, 2u);
}

TEST_F(ServiceTest, ADeployThatDoesNotStartFailsWithItsCauseAndTheOldRevisionServesOn) {
  deploy();
  engine_.behave("sha256:image-hello-2", {.kind = tests::FakeEngine::Behaviour::Kind::does_not_load});
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
  engine_.behave({.kind = tests::FakeEngine::Behaviour::Kind::exits});
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

TEST_F(ServiceTest, RollsBackToTheRevisionThatServedBeforeAndADeployAfterThatWins) {
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

TEST_F(ServiceTest, ARollbackThatDoesNotStartLeavesWhatServes) {
  deploy();
  deploy();
  ASSERT_TRUE(engine_.await([](const auto& engine) { return engine.containers() == 1; })) << "the first is gone";
  engine_.behave("sha256:image-hello-1", {.kind = tests::FakeEngine::Behaviour::Kind::exits});
  EXPECT_THAT(refused([&] { service_->rollback(hello_, std::nullopt, std::nullopt); }).message,
              testing::HasSubstr("exited with code"));
  EXPECT_EQ(service_->function(hello_).value.active, 2u);
  EXPECT_EQ(service_->revision(hello_, 1).state, RevisionState::ready) << "it did serve once";
}

TEST_F(ServiceTest, RefusesARollbackToWhatNeverServedOrThatWasDecidedOnAnOlderState) {
  deploy();
  EXPECT_EQ(refused([&] { service_->rollback(hello_, std::nullopt, std::nullopt); }).code, Code::conflict);
  engine_.behave("sha256:image-hello-2", {.kind = tests::FakeEngine::Behaviour::Kind::exits});
  EXPECT_TRUE(settle(service_->deploy(spec(), "sha256:p2", std::nullopt)));
  EXPECT_EQ(refused([&] { service_->rollback(hello_, 2, std::nullopt); }).code, Code::conflict);
  EXPECT_EQ(refused([&] { service_->rollback(hello_, 9, std::nullopt); }).code, Code::not_found);
  const auto version = service_->function(hello_).version;
  EXPECT_EQ(refused([&] { service_->rollback(hello_, 1, version - 1); }).code, Code::stale);
  EXPECT_EQ(service_->rollback(hello_, 1, version).value.active, 1u);
}

TEST_F(ServiceTest, ChangesNothingOnceItIsClosed) {
  deploy();
  service_->close();
  EXPECT_EQ(refused([&] { service_->deploy(spec(), "sha256:p1", std::nullopt); }).code, Code::unavailable);
  EXPECT_EQ(refused([&] { service_->rollback(hello_, 1, std::nullopt); }).code, Code::unavailable);
  EXPECT_EQ(refused([&] { service_->remove(hello_, std::nullopt); }).retry_after, 1s);
}

TEST_F(ServiceTest, RemovalLeavesNeitherReplicaNorImageNorPackageNorRecord) {
  deploy();
  deploy("sha256:p2");
  EXPECT_FALSE(settle(service_->deploy(spec("other"), "sha256:p2", std::nullopt, false)));
  Caller caller{dispatcher_, clock_};
  ASSERT_TRUE(caller.call("hello"));
  caller.finish();
  service_->remove(hello_, std::nullopt);
  EXPECT_EQ(engine_.containers(), 0u);
  EXPECT_EQ(builder_.images(), 1u);
  EXPECT_FALSE(packages_.find("sha256:p1"));
  EXPECT_TRUE(packages_.find("sha256:p2")) << "the other function is made of it";
  EXPECT_EQ(refused([&] { service_->function(hello_); }).code, Code::not_found);
  EXPECT_TRUE(Records{store_}.revisions(hello_).empty());
}

TEST_F(ServiceTest, EndsARemovalThatWasCutOffAndForgetsPackagesOfNoRevision) {
  deploy();
  deploy("sha256:p2", "other");
  packages_.put("sha256:never-deployed");
  service_.reset();
  Records records{store_};
  ASSERT_TRUE(records.remove(hello_, records.function(hello_)->version));

  Dispatcher dispatcher{engine_, clock_, {}};
  Service service{store_, packages_, builder_, dispatcher, clock_};
  service.load();

  EXPECT_TRUE(records.revisions(hello_).empty());
  EXPECT_EQ(builder_.images(), 1u);
  EXPECT_THAT(packages_.list(), testing::ElementsAre("sha256:p2"));
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

TEST_F(ServiceTest, KeepsTheLastRevisionsAndForgetsTheRest) {
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

TEST_F(ServiceTest, FailuresPushNothingOutAndOnlyTheLastAreKept) {
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

TEST_F(ServiceTest, WhatCannotBeRemovedNowChangesNothingAndGoesWithTheNext) {
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

TEST_F(ServiceTest, ACutOffDeployDoesNotTakeThePlaceOfANewerOneAfterARestart) {
  deploy();
  deploy("sha256:p2");
  Records records{store_};
  for (const auto number : {1, 2}) {
    auto revision = *records.revision(hello_, static_cast<std::uint64_t>(number));
    revision.state = RevisionState::starting;
    records.put(revision);
  }
  service_.reset();

  Dispatcher dispatcher{engine_, clock_, {}};
  Service service{store_, packages_, builder_, dispatcher, clock_};
  service.load();
  EXPECT_EQ(service.revision(hello_, 1).state, RevisionState::failed);
  EXPECT_EQ(service.revision(hello_, 2).state, RevisionState::ready);
  EXPECT_EQ(service.function(hello_).value.active, 2u);
}

TEST_F(ServiceTest, KeepsWhatServedBeforeHoweverOldItIs) {
  for (int i = 0; i < 12; ++i) deploy();
  service_->rollback(hello_, 2, std::nullopt);
  deploy();
  EXPECT_EQ(service_->rollback(hello_, std::nullopt, std::nullopt).value.active, 2u);
}

// --- routes ---

domain::FunctionSpec with_route(domain::FunctionSpec spec, const std::string& path) {
  spec.http_triggers = {{.path = path}};
  return spec;
}

std::string function_at(const Dispatcher& dispatcher, const std::string& path) {
  Directory::Reader reader{dispatcher.directory()};
  const auto snapshot = reader.snapshot();
  const auto match = snapshot->routes.match("h", "GET", path);
  return match.rule ? match.rule->function : "";
}

TEST_F(ServiceTest, ARouteIsItsFunctionsFromActivationToRemoval) {
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

TEST_F(ServiceTest, ARouteThatAnotherFunctionHasIsRefusedBeforeTheBuild) {
  EXPECT_FALSE(settle(service_->deploy(with_route(spec(), "/api/{id}"), "sha256:p1", std::nullopt)));
  const auto fault =
      refused([&] { service_->deploy(with_route(spec("other"), "/api/{name}"), "sha256:p1", std::nullopt); });
  EXPECT_EQ(fault.code, Code::conflict);
  EXPECT_EQ(fault.message, "the route /api/{name} of other takes the same requests as /api/{id} of hello");
  EXPECT_EQ(refused([&] { service_->function({.name = "other"}); }).code, Code::not_found);
}

TEST_F(ServiceTest, OfTwoDeploysAtOnceTheSecondToBeBuiltDoesNotGetTheRoute) {
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

TEST_F(ServiceTest, RoutesAreHeldAgainAfterARestart) {
  EXPECT_FALSE(settle(service_->deploy(with_route(spec(), "/api"), "sha256:p1", std::nullopt)));
  service_.reset();
  Dispatcher dispatcher{engine_, clock_, {}};
  Service service{store_, packages_, builder_, dispatcher, clock_};
  service.load();
  EXPECT_EQ(function_at(dispatcher, "/api"), "hello");
  EXPECT_EQ(refused([&] { service.deploy(with_route(spec("other"), "/api"), "sha256:p1", std::nullopt); }).code,
            Code::conflict);
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
