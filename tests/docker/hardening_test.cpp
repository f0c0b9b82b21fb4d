// What a function's container may do, seen from inside, and what an image cannot change.
#include "docker/docker_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(Hardening, HoldsInsideTheContainer) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.limits.tmp = domain::mebibytes(8);
  spec.env["HEARTH_FUNCTION"] = "someone-else";
  const auto running = world.engine().start(spec, {});

  const auto self = world.call(running.address, "/self");

  EXPECT_THAT(self, HasSubstr("uid 65534\n"));
  EXPECT_THAT(self, HasSubstr("Gid:\t65534\t65534\t65534\t65534\n"));
  EXPECT_THAT(self, HasSubstr("Groups:\t65534 \n"));
  for (const auto* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_THAT(self, HasSubstr(std::string{set} + ":\t0000000000000000\n"));
  }
  EXPECT_THAT(self, HasSubstr("NoNewPrivs:\t1\n"));
  EXPECT_THAT(self, HasSubstr("Seccomp:\t2\n"));
  EXPECT_THAT(self, HasSubstr("write /file: Read-only file system\n"));
  EXPECT_THAT(self, HasSubstr("write /etc/file: Read-only file system\n"));
  EXPECT_THAT(self, HasSubstr("write /tmp/file: written\n"));
  EXPECT_THAT(self, HasSubstr("size /tmp: 8388608\n"));
  EXPECT_THAT(self, HasSubstr("size /dev/shm: 8388608\n"));
  EXPECT_THAT(self, HasSubstr("size /run/hearth: 65536\n"));
  EXPECT_THAT(self, HasSubstr("env HEARTH_FUNCTION=hello\n"));
  EXPECT_THAT(self, Not(HasSubstr("docker.sock")));
  EXPECT_THAT(self, Not(HasSubstr("eth0")));  // egress is denied: no network at all
  world.engine().stop(spec.id, 1s);
}

TEST(Hardening, IsNotUndoneByAnImage) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.limits.tmp = domain::mebibytes(8);
  spec.image = make_image(world.api, {"USER 0:0", "VOLUME /data", "STOPSIGNAL SIGUSR1", "ENV HEARTH_SOCKET=/elsewhere",
                                      "HEALTHCHECK --interval=1s CMD [\"/server\"]"});
  const auto running = world.engine().start(spec, {});

  const auto self = world.call(running.address, "/self");
  const auto inspected = world.inspect(spec.id);

  EXPECT_THAT(self, HasSubstr("uid 65534\n"));
  EXPECT_THAT(self, HasSubstr("size /data: 8388608\n"));
  EXPECT_EQ(inspected["Config"]["Healthcheck"]["Test"], nlohmann::json({"NONE"}));
  EXPECT_FALSE(inspected["State"].contains("Health"));
  EXPECT_EQ(inspected["Config"]["StopSignal"], "SIGTERM");
  for (const auto& mount : inspected["Mounts"]) EXPECT_NE(mount["Type"], "volume") << mount.dump();
  world.engine().stop(spec.id, 1s);
}

TEST(Hardening, LimitsMemoryCpuAndProcesses) {
  DockerWorld world{true};
  auto spec = world.serving();
  spec.limits.memory = domain::mebibytes(32);
  spec.limits.cpu_millis = 1'000'000;  // more than any machine here has
  spec.limits.pids = 20;
  world.engine().start(spec, {});

  const auto host = world.inspect(spec.id)["HostConfig"];

  EXPECT_EQ(host["Memory"], 32 << 20);
  EXPECT_EQ(host["MemorySwap"], 32 << 20);
  EXPECT_GE(host["PidsLimit"], 20);
  EXPECT_LE(host["PidsLimit"], 21);
  EXPECT_GT(host["NanoCpus"], 0);
  world.engine().stop(spec.id, 1s);
}

TEST(Hardening, KeepsFunctionsFromEachOther) {
  DockerWorld world{false};
  const auto one = world.serving();
  const auto other = world.serving();
  const auto running_one = world.engine().start(one, {});
  const auto running_other = world.engine().start(other, {});
  const auto target = std::get<ports::TcpAddress>(running_other.address).host + ":8080";

  EXPECT_NE(world.call(running_one.address, "/connect?" + target), "connected");

  world.engine().stop(one.id, 1s);
  world.engine().stop(other.id, 1s);
}

TEST(Hardening, CallsAnImageThatMayNotGoOut) {
  DockerWorld world{false};
  auto spec = world.serving();
  spec.network.egress = false;

  const auto running = world.engine().start(spec, {});

  EXPECT_TRUE(world.serves(spec.id, running.address));
  const auto networks = world.inspect(spec.id)["NetworkSettings"]["Networks"];
  EXPECT_EQ(networks.size(), 1u);
  EXPECT_TRUE(networks.contains(network_name(world.installation, NetworkKind::closed)));
  world.engine().stop(spec.id, 1s);
}

TEST(Hardening, NamesAnAttachedNetworkThatIsMissing) {
  DockerWorld world{false};
  auto spec = world.serving();
  spec.network.attach = {"no-such-network"};

  const auto fault = contract::fault_of([&] { world.engine().start(spec, {}); });

  EXPECT_THAT(fault.message, HasSubstr("no-such-network"));
  EXPECT_EQ(world.things(), 0u);
}

TEST(Hardening, AttachesAReplicaToANetworkOfTheUsers) {
  DockerWorld world{false};
  const auto name = "db-" + world.installation.id;
  world.api.call({.method = "POST",
                  .path = "/networks/create",
                  .attempt = "make a network",
                  .body = nlohmann::json{{"Name", name}}.dump()});
  auto spec = world.serving();
  spec.network.attach = {name};

  const auto running = world.engine().start(spec, {});

  EXPECT_TRUE(world.serves(spec.id, running.address));
  EXPECT_TRUE(world.inspect(spec.id)["NetworkSettings"]["Networks"].contains(name));
  world.engine().stop(spec.id, 1s);
  spec.id = world.serving().id;
  spec.network.egress = false;
  const auto fault = contract::fault_of([&] { world.engine().start(spec, {}); });
  EXPECT_THAT(fault.message, HasSubstr("leads out"));
  world.api.call({.method = "DELETE", .path = "/networks/" + name, .attempt = "remove a network"});
}

}  // namespace
}  // namespace hearth::docker
