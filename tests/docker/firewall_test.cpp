// What a function with a network must not reach, tried from inside of one.
#include "host/firewall.h"
#include "docker/docker_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace hearth::docker {
namespace {

TEST(Firewall, ClosesTheHostsOwnAddressesToFunctionsAndNotFunctionsToTheHost) {
  DockerWorld world{false};
  const ports::Descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ::listen(listener.get(), 16);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  const auto network = network_name(world.installation, NetworkKind::open);
  const std::string gateway = world.inspect(spec.id)["NetworkSettings"]["Networks"][network]["Gateway"];
  const auto target = "/connect?" + gateway + ":" + std::to_string(ntohs(address.sin_port));
  const auto table = "hearth_" + world.installation.id;
  EXPECT_EQ(world.call(running.address, target), "connected");

  const auto problem = host::close_host(table, {bridge_name(world.installation, NetworkKind::open),
                                                bridge_name(world.installation, NetworkKind::closed)});
  ASSERT_FALSE(problem) << *problem;
  ASSERT_FALSE(
      host::close_host(table, {bridge_name(world.installation, NetworkKind::open)}));  // again, as at a restart

  EXPECT_NE(world.call(running.address, target), "connected");
  EXPECT_TRUE(world.serves(spec.id, running.address));
  host::open_host(table);
  EXPECT_EQ(world.call(running.address, target), "connected");
  world.engine().stop(spec.id, std::chrono::seconds{1});
}

}  // namespace
}  // namespace hearth::docker
