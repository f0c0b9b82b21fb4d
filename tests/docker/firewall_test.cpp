// What a function with a network must not reach, tried from inside of one.
#include "host/firewall.h"
#include "docker/docker_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <future>

namespace hearth::docker {
namespace {

using ports::Descriptor;

std::vector<std::string> bridges_of(const DockerWorld& world) {
  return {bridge_name(world.installation, NetworkKind::open), bridge_name(world.installation, NetworkKind::closed)};
}

Descriptor listen_on(std::uint16_t port) {
  Descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::listen(listener.get(), 16);
  return listener;
}

bool command(const std::string& words) { return std::system(words.c_str()) == 0; }

// Where clouds have their metadata service: at the end of a cable, in a network of its own, which lasts as long as the
// listener. Not at 169.254.169.254 itself, which the machine may need.
class Metadata {
 public:
  static constexpr const char* kAddress = "169.254.213.2";

  Metadata() {
    std::promise<pid_t> apart;
    std::promise<bool> joined;
    std::jthread service{[&] {
      EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
      apart.set_value(::gettid());
      if (!joined.get_future().get()) return;
      EXPECT_TRUE(command(std::string{"ip addr add "} + kAddress + "/30 dev hrmeta1 && ip link set hrmeta1 up"));
      listener_ = listen_on(80);
    }};
    const auto task = std::to_string(apart.get_future().get());
    const bool cabled = command("ip link add hrmeta0 type veth peer name hrmeta1 netns " + task) &&
                        command("ip addr add 169.254.213.1/30 dev hrmeta0 && ip link set hrmeta0 up");
    EXPECT_TRUE(cabled);
    joined.set_value(cabled);
  }
  ~Metadata() { command("ip link del hrmeta0"); }

 private:
  Descriptor listener_;
};

TEST(Firewall, ClosesTheMetadataServiceOfACloud) {
  DockerWorld world{false};
  const Metadata metadata;
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  const auto table = "hearth_" + world.installation.id;
  const auto target = std::string{"/connect?"} + Metadata::kAddress + ":80";
  EXPECT_EQ(world.call(running.address, target), "connected");

  const auto problem = host::close_host(table, bridges_of(world));

  ASSERT_FALSE(problem) << *problem;
  EXPECT_NE(world.call(running.address, target), "connected");
  host::open_host(table);
  EXPECT_EQ(world.call(running.address, target), "connected");
  world.engine().stop(spec.id, std::chrono::seconds{1});
}

TEST(Firewall, ClosesTheHostsOwnAddressesToFunctionsAndNotFunctionsToTheHost) {
  DockerWorld world{false};
  const auto listener = listen_on(0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const auto spec = world.serving();
  const auto running = world.engine().start(spec, {});
  const auto network = network_name(world.installation, NetworkKind::open);
  const std::string gateway = world.inspect(spec.id)["NetworkSettings"]["Networks"][network]["Gateway"];
  const auto target = "/connect?" + gateway + ":" + std::to_string(ntohs(address.sin_port));
  const auto table = "hearth_" + world.installation.id;
  EXPECT_EQ(world.call(running.address, target), "connected");

  const auto problem = host::close_host(table, bridges_of(world));
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
