// Networks that stand ready, on a real Docker: whose they are, and what becomes of them.
#include "docker/docker_world.h"
#include "engines/docker/holder_image.h"
#include "engines/docker/parked_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;
using domain::ReplicaId;
using testing::HasSubstr;

class ParkedTest : public testing::Test {
 protected:
  explicit ParkedTest(ParkedNetworks::Settings settings = {.min = 2, .max = 3})
      : world_(false, test_socket(), settings) {}

  DockerEngine& engine() { return world_.engine(); }
  void expect(bool egress = true) {
    auto spec = world_.serving();
    spec.network.egress = egress;
    engine().expect(spec);
  }

  // Containers that hold a network, joined or not.
  std::set<std::string> holders() {
    std::set<std::string> found;
    for (const auto& one : world_.containers.list(world_.installation)) {
      if (one.name.find("_parked-") != one.name.npos && one.running) found.insert(one.id);
    }
    return found;
  }
  bool await_ready(std::size_t count) {
    return await([&] { return engine().parked() == count; });
  }
  bool await_holders(std::size_t count) {
    return await([&] { return holders().size() == count; });
  }
  // Nobody tells a test what the engine does in the background.
  static bool await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

  // The holder whose network a replica is in; empty: it has one of its own.
  std::string joined(ReplicaId replica) {
    const std::string mode = world_.inspect(replica)["HostConfig"]["NetworkMode"];
    constexpr std::string_view kJoined = "container:";
    return mode.starts_with(kJoined) ? mode.substr(kJoined.size()) : "";
  }

  DockerWorld world_;
};

TEST_F(ParkedTest, ServesOneReplicaAndIsThrownAwayWithIt) {
  EXPECT_TRUE(holders().empty()) << "no function could use one";
  expect();
  ASSERT_TRUE(await_ready(2));
  const auto one = world_.serving();
  const auto other = world_.serving();

  const auto running_one = engine().start(one, {});
  const auto running_other = engine().start(other, {});

  EXPECT_TRUE(world_.serves(one.id, running_one.address));
  EXPECT_TRUE(world_.serves(other.id, running_other.address));
  const auto first = joined(one.id);
  ASSERT_FALSE(first.empty());
  EXPECT_NE(first, joined(other.id));
  const auto target = std::get<ports::TcpAddress>(running_other.address).host + ":8080";
  EXPECT_NE(world_.call(running_one.address, "/connect?" + target), "connected") << "functions do not see each other";
  EXPECT_TRUE(await_holders(4)) << "as many stand ready again";

  engine().stop(one.id, 1s);

  EXPECT_FALSE(holders().contains(first));
  const auto next = world_.serving();
  engine().start(next, {});
  EXPECT_NE(joined(next.id), first);
  engine().expect_none(one.function);
  EXPECT_TRUE(await_holders(2)) << "those that replicas are in";
  engine().stop(other.id, 1s);
  engine().stop(next.id, 1s);
  EXPECT_EQ(world_.things(), 0u);
}

TEST_F(ParkedTest, ChangesNothingOfWhatAFunctionSeesAndReaches) {
  expect(false);
  ASSERT_TRUE(await_ready(2));
  auto spec = world_.serving();
  spec.network.egress = false;
  spec.image = make_image(world_.api, {"EXPOSE 8080"});
  const auto running = engine().start(spec, {});
  ASSERT_FALSE(joined(spec.id).empty());

  const auto self = world_.call(running.address, "/self");

  EXPECT_THAT(self, HasSubstr("uid 65534\n"));
  EXPECT_THAT(self, HasSubstr("CapEff:\t0000000000000000\n"));
  for (const auto* file : {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}) {  // its holder's
    EXPECT_THAT(self, HasSubstr(std::string{file} + " ro,"));
  }
  const auto holder =
      world_.api.get({.path = "/containers/" + joined(spec.id) + "/json", .attempt = "look at the holder"});
  const auto networks = holder["NetworkSettings"]["Networks"];
  EXPECT_EQ(networks.size(), 1u);
  EXPECT_TRUE(networks.contains(network_name(world_.installation, NetworkKind::closed)));
  EXPECT_NE(world_.call(running.address, "/connect?192.0.2.1:80"), "connected");
  engine().stop(spec.id, 1s);
}

TEST_F(ParkedTest, GrowsWithWhatIsStartedAtOnceUpToItsBound) {
  expect();
  ASSERT_TRUE(await_ready(2));
  std::vector<ports::ReplicaSpec> specs;
  for (int i = 0; i < 5; ++i) specs.push_back(world_.serving());
  {
    std::vector<std::jthread> threads;
    for (const auto& spec : specs) threads.emplace_back([&] { engine().start(spec, {}); });
  }
  const auto joiners = std::ranges::count_if(specs, [&](const auto& spec) { return !joined(spec.id).empty(); });
  EXPECT_GE(joiners, 2);
  EXPECT_TRUE(await_ready(3));
  EXPECT_TRUE(await_holders(static_cast<std::size_t>(joiners) + 3)) << "and no more";
  for (const auto& spec : specs) engine().stop(spec.id, 1s);
  EXPECT_TRUE(await_holders(3));
}

TEST_F(ParkedTest, IsDoneWithoutWhereItWentAwayUnnoticed) {
  expect();
  ASSERT_TRUE(await_ready(2));
  const auto before = holders();
  world_.containers.remove(*before.begin());
  world_.containers.signal(*before.rbegin(), "SIGKILL");  // nobody watches: the engine is not told

  for (int i = 0; i < 2; ++i) {
    const auto spec = world_.serving();
    EXPECT_TRUE(world_.serves(spec.id, engine().start(spec, {}).address));
    engine().stop(spec.id, 1s);
  }

  EXPECT_TRUE(await_holders(2));
  for (const auto& one : before) EXPECT_FALSE(holders().contains(one));
}

TEST_F(ParkedTest, EndsAReplicaWhoseNetworkIsGone) {
  contract::Exits exits;
  const contract::Watching watching{engine(), exits};
  expect();
  ASSERT_TRUE(await_ready(2));
  const auto spec = world_.serving();
  engine().start(spec, {});
  const auto holder = joined(spec.id);
  ASSERT_FALSE(holder.empty());

  world_.containers.signal(holder, "SIGKILL");

  const auto exit = exits.await(spec.id);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 137);
  EXPECT_FALSE(exit->out_of_memory);
  EXPECT_TRUE(world_.lines.await("hearth: its network is gone: the container that held it ended"));
  engine().stop(spec.id, 1s);
  ASSERT_TRUE(await_ready(2));
  const auto ready = holders();
  world_.containers.signal(*ready.begin(), "SIGKILL");  // one that stands ready is replaced
  EXPECT_TRUE(await([&] { return holders().size() == 2 && !holders().contains(*ready.begin()); }));
}

TEST_F(ParkedTest, StaysWithAReplicaThatOutlivesHearthd) {
  expect();
  ASSERT_TRUE(await_ready(2));
  const auto kept = world_.serving();
  const auto lost = world_.serving();
  const auto running = engine().start(kept, {});
  engine().start(lost, {});
  const auto holder = joined(kept.id);
  const auto cut = joined(lost.id);
  ASSERT_FALSE(holder.empty() || cut.empty());
  const auto name = parked_name(world_.installation, 1);  // as after a kill: nobody takes it away
  const auto body = parked_body(world_.installation, name, HolderImage{world_.api}.ensure(), NetworkKind::open);
  const auto orphan = world_.containers.create(name, body.dump());
  world_.containers.start(orphan);

  world_.restart();
  EXPECT_TRUE(await([&] { return holders() == std::set{holder, cut, orphan}; })) << "one that ends takes its own away";
  world_.containers.signal(cut, "SIGKILL");
  const auto found = engine().recover();

  ASSERT_EQ(found.size(), 1u) << "one without its network is as good as dead";
  EXPECT_EQ(found[0].id, kept.id);
  EXPECT_EQ(found[0].running.address, running.address);
  EXPECT_TRUE(world_.serves(kept.id, found[0].running.address));
  EXPECT_EQ(holders(), std::set{holder});
  EXPECT_EQ(world_.things(), 3u) << "the replica, its holder and its record";

  engine().release(kept.id);  // another hearthd takes this one's place
  const auto taken = world_.restart().adopt({{kept.id, ""}});
  ASSERT_EQ(taken.size(), 1u);
  engine().recover();
  EXPECT_TRUE(world_.serves(kept.id, taken[0].running.address));
  engine().stop(kept.id, 1s);
  EXPECT_EQ(world_.things(), 0u);
}

}  // namespace
}  // namespace hearth::docker
