// What is not ours is left alone, whatever it claims; what is ours and forgotten goes.
#include "docker/docker_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::docker {
namespace {

using nlohmann::json;

// A container of somebody else's, removed with its owner.
class Stranger {
 public:
  Stranger(Api& api, const std::string& image, const std::string& name, const Labels& labels) : containers_(api) {
    const json body{{"Image", image}, {"Labels", labels}, {"Env", {"PORT=8080"}}, {"NetworkDisabled", true}};
    id_ = containers_.create(name, body.dump());
    containers_.start(id_);
  }
  ~Stranger() { containers_.remove(id_); }
  bool lives() {
    const auto container = containers_.inspect(id_);
    return container && container->running;
  }

 private:
  Containers containers_;
  std::string id_;
};

// A container by the engine's own create body, never written down: as when we are killed right after its creation.
std::string make_orphan(DockerWorld& world) {
  const auto spec = world.serving();
  Surroundings around{.installation = world.installation};
  auto body = create_body(spec, around);
  return world.containers.create(container_name(world.installation, spec), body.dump());
}

TEST(Ownership, LeavesAForgedLabelAlone) {
  DockerWorld world{true};
  Stranger stranger{world.api,
                    world.image,
                    "stranger-" + world.installation.id,
                    {{kInstallationLabel, world.installation.id}, {kMarkLabel, "0123456789abcdef"}}};
  EXPECT_TRUE(world.engine().recover().empty());
  EXPECT_TRUE(stranger.lives());
}

TEST(Ownership, LeavesACopyOfOurLabelsAlone) {
  DockerWorld world{true};
  const auto spec = world.serving();
  world.engine().start(spec, {});
  const auto ours = read_container(world.inspect(spec.id));
  Stranger stranger{world.api, world.image, "copy-" + world.installation.id, ours.labels};

  const auto found = world.restart().recover();

  EXPECT_EQ(found.size(), 1u);
  EXPECT_TRUE(stranger.lives());
  world.engine().stop(spec.id, std::chrono::seconds{1});
  EXPECT_TRUE(stranger.lives());
}

TEST(Ownership, LeavesAnImagesForgedLabelsAlone) {
  DockerWorld world{true};
  const auto image = make_image(world.api, {"LABEL dev.hearth.installation=" + world.installation.id +
                                            " dev.hearth.mark=00 dev.hearth.replica=0000000000000001"});
  Stranger stranger{world.api, image, "labelled-" + world.installation.id, {}};
  EXPECT_TRUE(world.engine().recover().empty());
  EXPECT_TRUE(stranger.lives());
}

TEST(Ownership, LeavesAnotherInstallationsReplicasAlone) {
  DockerWorld world{true};
  DockerWorld other{true};
  const auto spec = other.serving();
  const auto running = other.engine().start(spec, {});

  EXPECT_TRUE(world.engine().recover().empty());
  EXPECT_TRUE(world.engine().alive().empty());

  EXPECT_TRUE(other.serves(spec.id, running.address));
  other.engine().stop(spec.id, std::chrono::seconds{1});
}

TEST(Ownership, IgnoresTheDeathOfAForgedReplica) {
  DockerWorld world{true};
  contract::Exits exits;
  const contract::Watching watching{world.engine(), exits};
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  auto labels = read_container(world.inspect(spec.id)).labels;
  { const Stranger stranger{world.api, world.image, "dying-" + world.installation.id, labels}; }

  world.make_exit(spec.id, running.address, 5);

  const auto exit = exits.await(spec.id);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 5);
  EXPECT_EQ(exits.count(), 1u);
  world.engine().stop(spec.id, std::chrono::seconds{1});
}

TEST(Ownership, RemovesOurOwnThatWasNeverWrittenDown) {
  DockerWorld world{true};
  const auto orphan = make_orphan(world);
  ASSERT_TRUE(world.containers.inspect(orphan));

  EXPECT_TRUE(world.restart().recover().empty());

  EXPECT_FALSE(world.containers.inspect(orphan));
  EXPECT_EQ(world.things(), 0u);
}

TEST(Ownership, RemovesAFolderWhoseRecordWasNeverWritten) {
  DockerWorld world{true};
  world.host.make_socket_folder(77, ports::kReplicaUser);
  EXPECT_TRUE(world.engine().recover().empty());
  EXPECT_EQ(world.things(), 0u);
}

TEST(Ownership, RefusesANetworkOfOurNameThatIsNotOurs) {
  DockerWorld world{false};
  const auto name = network_name(world.installation, NetworkKind::open);
  world.api.call({.method = "POST",
                  .path = "/networks/create",
                  .attempt = "make a network",
                  .body = json{{"Name", name}, {"Internal", true}}.dump()});

  const auto fault = contract::fault_of([&] { world.engine().start(world.serving(), {}); });

  EXPECT_NE(fault.message.find("not this installation's"), fault.message.npos) << fault.message;
  EXPECT_EQ(world.things(), 0u);
  world.api.call({.method = "DELETE", .path = "/networks/" + name, .attempt = "remove a network"});
}

}  // namespace
}  // namespace hearth::docker
