// Freezing real containers: by the kernel's freezer or by Docker's pause, and what a killed hearthd left frozen.
#include "docker/docker_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;
using ports::Freeze;

// This machine's, but for its freezer, as for a hearthd without root or in a container.
class WithoutFreezer final : public host::LinuxHost {
 public:
  using LinuxHost::LinuxHost;
  bool freeze(const std::string& /*owner*/) override { return false; }
  bool thaw(const std::string& /*owner*/) override { return false; }
};

std::string container_of(DockerWorld& world, domain::ReplicaId replica) {
  return world.inspect(replica).value("Id", "");
}

bool is_paused(DockerWorld& world, domain::ReplicaId replica) { return world.inspect(replica)["State"]["Paused"]; }

TEST(Freeze, GoesByTheKernelsFreezerAndNotByDockers) {
  DockerWorld world{true};
  const auto spec = world.serving();
  world.engine().start(spec, {});
  ASSERT_EQ(world.engine().freeze(spec.id, Freeze::in_any_case, {}), std::nullopt);
  EXPECT_TRUE(world.is_frozen(spec.id));
  EXPECT_FALSE(is_paused(world, spec.id));
  world.engine().stop(spec.id, 1s);
}

TEST(Freeze, GoesByDockerWhereTheFreezerCannotBeReached) {
  DockerWorld world{true};
  WithoutFreezer host{world.run_folder.path(), true};
  {
    DockerEngine engine{EngineSettings{{.socket = test_socket()}, world.installation}, host, world.lines};
    const auto spec = world.serving();
    const auto running = engine.start(spec, {});
    const auto slow = engine.freeze(spec.id, Freeze::if_quiet, {});
    EXPECT_TRUE(slow) << "a pause is for those that ask for it";
    ASSERT_EQ(engine.freeze(spec.id, Freeze::in_any_case, {}), std::nullopt);
    EXPECT_TRUE(is_paused(world, spec.id));
    engine.thaw(spec.id);
    EXPECT_FALSE(is_paused(world, spec.id));
    EXPECT_TRUE(world.serves(spec.id, running.address));
    ASSERT_EQ(engine.freeze(spec.id, Freeze::in_any_case, {}), std::nullopt);
  }
  EXPECT_FALSE(is_paused(world, 1)) << "who goes leaves nothing paused";

  // One that was killed does.
  world.containers.pause(container_of(world, 1));
  DockerEngine next{EngineSettings{{.socket = test_socket()}, world.installation}, host, world.lines};
  const auto found = next.recover();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_FALSE(is_paused(world, 1));
  EXPECT_TRUE(world.serves(1, found[0].running.address));
  next.stop(1, 1s);
}

TEST(Freeze, LeavesAwakeWhatDoesNotSayThatItIsQuiet) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.image = make_image(world.api, {"LABEL dev.hearth.image.quiet=answers"});
  world.engine().start(spec, {});
  EXPECT_EQ(world.engine().freeze(spec.id, Freeze::if_quiet, {}), "its bootstrap did not say that it is quiet");
  EXPECT_FALSE(world.is_frozen(spec.id));
  world.engine().stop(spec.id, 1s);
}

TEST(Freeze, DoesNotAskABootstrapThatTookTheQuestionForACall) {
  DockerWorld world{true};
  const auto spec = world.serving();
  world.engine().start(spec, {});
  EXPECT_EQ(world.engine().freeze(spec.id, Freeze::if_quiet, {}), "its bootstrap cannot be asked: deploy it again");
  world.engine().stop(spec.id, 1s);
}

TEST(Freeze, LeavesNothingFrozenWhereHearthdWasKilled) {
  DockerWorld world{true};
  const auto adopted = world.serving();
  const auto unknown = world.serving();
  world.engine().start(adopted, {});
  world.engine().start(unknown, {});
  world.restart();  // it froze none that the next one finds frozen
  for (const auto& spec : {adopted, unknown}) ASSERT_TRUE(world.host.freeze(container_of(world, spec.id)));
  world.host.forget(unknown.id);

  const auto found = world.engine().recover();

  ASSERT_EQ(found.size(), 1u);
  EXPECT_FALSE(world.is_frozen(adopted.id));
  EXPECT_TRUE(world.serves(adopted.id, found[0].running.address));
  EXPECT_EQ(world.containers.list(world.installation).size(), 1u) << "and what it does not know is gone";
  world.engine().stop(adopted.id, 1s);
}

}  // namespace
}  // namespace hearth::docker
