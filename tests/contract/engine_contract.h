// What every engine keeps. An engine's own tests make a World of it and instantiate the suite, in one source file of
// their program:
//   INSTANTIATE_TEST_SUITE_P(Docker, EngineContract, testing::Values([] { return std::make_unique<DockerWorld>(); }));
#pragma once

#include "contract/engine_world.h"

#include <gtest/gtest.h>

#include <atomic>

namespace hearth::contract {

class EngineContract : public testing::TestWithParam<MakeWorld> {
 protected:
  ports::Engine& engine() { return world_->engine(); }
  domain::Fault failed_start(ports::ReplicaSpec spec) {
    return fault_of([&] { engine().start(spec, {}); });
  }

  std::unique_ptr<World> world_ = GetParam()();
};

TEST_P(EngineContract, StartsAReplicaThatServesAtOnceAndStopsItWithoutATrace) {
  const auto spec = world_->spec(Behaviour::serves);

  const auto running = engine().start(spec, {});

  EXPECT_TRUE(world_->serves(spec.id, running.address));
  EXPECT_GT(world_->things(), 0u);
  engine().stop(spec.id, 2s);
  EXPECT_FALSE(world_->serves(spec.id, running.address));
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, TellsReplicasApart) {
  const auto one = world_->spec(Behaviour::serves);
  const auto other = world_->spec(Behaviour::serves);
  const auto running_one = engine().start(one, {});
  const auto running_other = engine().start(other, {});

  engine().stop(one.id, 2s);

  EXPECT_FALSE(world_->serves(one.id, running_one.address));
  EXPECT_TRUE(world_->serves(other.id, running_other.address));
  engine().stop(other.id, 2s);
}

TEST_P(EngineContract, StopsWhatIsGoneWithoutAnError) {
  const auto spec = world_->spec(Behaviour::serves);
  engine().stop(spec.id, 1s);
  engine().start(spec, {});
  engine().stop(spec.id, 1s);
  engine().stop(spec.id, 1s);
}

TEST_P(EngineContract, ReportsAnExitWithItsCode) {
  Exits exits;
  const Watching watching{engine(), exits};
  const auto spec = world_->spec(Behaviour::serves);
  const auto running = engine().start(spec, {});

  world_->make_exit(spec.id, running.address, 7);

  const auto exit = exits.await(spec.id);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 7);
  EXPECT_FALSE(exit->out_of_memory);
  engine().stop(spec.id, 1s);
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, ReportsNoExitThatItWasAskedFor) {
  Exits exits;
  const Watching watching{engine(), exits};
  const auto asked = world_->spec(Behaviour::serves);
  const auto by_itself = world_->spec(Behaviour::serves);
  engine().start(asked, {});
  const auto running = engine().start(by_itself, {});

  engine().stop(asked.id, 2s);
  world_->make_exit(by_itself.id, running.address, 0);

  EXPECT_TRUE(exits.await(by_itself.id));  // events come in order, so the other's would have been here
  EXPECT_EQ(exits.count(), 1u);
  engine().stop(by_itself.id, 1s);
}

TEST_P(EngineContract, TellsThatAContainerExitedBeforeItListened) {
  const auto fault = failed_start(world_->spec(Behaviour::exits_with_3));

  EXPECT_EQ(fault.layer, domain::Layer::function);
  EXPECT_NE(fault.message.find("exited with code 3"), fault.message.npos) << fault.message;
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, TellsThatAContainerNeverListened) {
  auto spec = world_->spec(Behaviour::never_listens);
  spec.start_timeout = 1500ms;

  const auto fault = failed_start(spec);

  EXPECT_EQ(fault.layer, domain::Layer::function);
  EXPECT_NE(fault.message.find("never listened"), fault.message.npos) << fault.message;
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, TellsThatAContainerListensOnAnotherPort) {
  auto spec = world_->spec(Behaviour::listens_elsewhere);
  spec.start_timeout = 1500ms;

  const auto fault = failed_start(spec);

  EXPECT_EQ(fault.layer, domain::Layer::function);
  EXPECT_NE(fault.message.find("listens on port 3000"), fault.message.npos) << fault.message;
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, TellsThatAHandlerDidNotLoad) {
  const auto fault = failed_start(world_->spec(Behaviour::does_not_load));

  EXPECT_EQ(fault.layer, domain::Layer::function);
  EXPECT_NE(fault.message.find("did not load"), fault.message.npos) << fault.message;
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, EndsAStartSoonAfterItIsCancelled) {
  std::stop_source stop;
  const auto spec = world_->spec(Behaviour::never_listens);
  std::jthread canceller{[&] {
    // Cancelled only once there is something to clean up.
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (world_->things() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    stop.request_stop();
  }};

  const auto fault = fault_of([&] { engine().start(spec, stop.get_token()); });

  EXPECT_EQ(fault.code, domain::Code::cancelled);
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, FreezesAndThawsAReplica) {
  const auto spec = world_->spec(Behaviour::serves);
  const auto running = engine().start(spec, {});

  ASSERT_EQ(engine().freeze(spec.id, ports::Freeze::in_any_case, {}), std::nullopt);
  EXPECT_TRUE(world_->is_frozen(spec.id));
  engine().thaw(spec.id);
  EXPECT_FALSE(world_->is_frozen(spec.id));
  EXPECT_TRUE(world_->serves(spec.id, running.address));

  engine().thaw(spec.id);  // what is not frozen
  engine().stop(spec.id, 1s);
  engine().thaw(spec.id);  // nor what is gone
}

TEST_P(EngineContract, StopsWhatIsFrozenWithinItsGrace) {
  const auto spec = world_->spec(Behaviour::serves);
  engine().start(spec, {});
  ASSERT_EQ(engine().freeze(spec.id, ports::Freeze::in_any_case, {}), std::nullopt);
  const auto begun = std::chrono::steady_clock::now();

  engine().stop(spec.id, 20s);

  EXPECT_LT(std::chrono::steady_clock::now() - begun, 15s) << "SIGTERM was not seen";
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, FindsAfterARestartWhatWasFrozenAndThawsIt) {
  const auto spec = world_->spec(Behaviour::serves);
  engine().start(spec, {});
  ASSERT_EQ(engine().freeze(spec.id, ports::Freeze::in_any_case, {}), std::nullopt);

  const auto found = world_->restart().recover();

  ASSERT_EQ(found.size(), 1u);
  EXPECT_FALSE(world_->is_frozen(spec.id));
  EXPECT_TRUE(world_->serves(spec.id, found[0].running.address));
  engine().stop(spec.id, 1s);
}

TEST_P(EngineContract, FindsAfterARestartWhatLives) {
  const auto spec = world_->spec(Behaviour::serves);
  const auto running = engine().start(spec, {});

  auto& again = world_->restart();
  const auto found = again.recover();

  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, spec.id);
  EXPECT_EQ(found[0].function, spec.function);
  EXPECT_EQ(found[0].revision, spec.revision);
  EXPECT_EQ(found[0].running.address, running.address);
  EXPECT_TRUE(world_->serves(spec.id, found[0].running.address));
  EXPECT_EQ(again.alive(), std::vector<domain::ReplicaId>{spec.id});
  again.stop(spec.id, 2s);
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, ReportsExitsOfWhatItFoundAfterARestart) {
  const auto spec = world_->spec(Behaviour::serves);
  const auto running = engine().start(spec, {});
  auto& again = world_->restart();
  ASSERT_EQ(again.recover().size(), 1u);
  Exits exits;
  const Watching watching{again, exits};

  world_->make_exit(spec.id, running.address, 9);

  const auto exit = exits.await(spec.id);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 9);
  again.stop(spec.id, 1s);
}

TEST_P(EngineContract, DropsAfterARestartWhatDiedMeanwhile) {
  const auto spec = world_->spec(Behaviour::serves);
  const auto running = engine().start(spec, {});
  Exits exits;
  {
    const Watching watching{engine(), exits};
    world_->make_exit(spec.id, running.address, 1);
    ASSERT_TRUE(exits.await(spec.id));
  }

  EXPECT_TRUE(world_->restart().recover().empty());
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, KnowsWhichOfItsReplicasLive) {
  Exits exits;
  const Watching watching{engine(), exits};
  const auto lives = world_->spec(Behaviour::serves);
  const auto dies = world_->spec(Behaviour::serves);
  engine().start(lives, {});
  const auto running = engine().start(dies, {});

  world_->make_exit(dies.id, running.address, 1);
  ASSERT_TRUE(exits.await(dies.id));

  EXPECT_EQ(engine().alive(), std::vector<domain::ReplicaId>{lives.id});
  engine().stop(lives.id, 2s);
  engine().stop(dies.id, 2s);
  EXPECT_EQ(world_->things(), 0u);
}

TEST_P(EngineContract, StartsManyAtOnce) {
  constexpr int kMany = 4;
  std::vector<ports::ReplicaSpec> specs;
  for (int i = 0; i < kMany; ++i) specs.push_back(world_->spec(Behaviour::serves));
  std::atomic<int> served = 0;
  {
    std::vector<std::jthread> threads;
    for (const auto& spec : specs) {
      threads.emplace_back([&] {
        const auto running = engine().start(spec, {});
        if (world_->serves(spec.id, running.address)) ++served;
        engine().stop(spec.id, 2s);
      });
    }
  }
  EXPECT_EQ(served, kMany);
  EXPECT_EQ(world_->things(), 0u);
}

}  // namespace hearth::contract
