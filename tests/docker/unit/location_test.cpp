#include "engines/docker/location.h"

#include "engines/docker/container_runtimes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::docker {
namespace {

TEST(Location, IsReadAsDockersClientsReadIt) {
  EXPECT_EQ(parse_location("unix:///run/user/1000/docker.sock").socket, "/run/user/1000/docker.sock");
  EXPECT_EQ(parse_location("tcp://127.0.0.1:2376").authority, "127.0.0.1:2376");
  EXPECT_EQ(parse_location("tcp://[::1]:2376/").authority, "[::1]:2376");
}

TEST(Location, RefusesWhatIsNoneWithWhatItMustBe) {
  for (const auto* text : {"", "/run/docker.sock", "unix://", "unix://relative", "tcp://", "tcp://host", "tcp://:2376",
                           "tcp://host:", "tcp://host:port", "tcp://host:1/path", "tcp://user@host:1", "http://host:1",
                           "ssh://host", "npipe:////./pipe"}) {
    try {
      parse_location(text);
      ADD_FAILURE() << text;
    } catch (const domain::Error& error) {
      EXPECT_EQ(error.fault().code, domain::Code::invalid);
      EXPECT_THAT(error.fault().message, testing::HasSubstr("unix:///FILE or tcp://HOST:PORT"));
    }
  }
}

TEST(Location, IsTheEndpointThatItSays) {
  EXPECT_EQ(endpoint_of({.socket = "/s"}).unix_socket, "/s");
  EXPECT_EQ(endpoint_of({.authority = "h:1"}).base, "http://h:1");
  const auto safe = endpoint_of({.authority = "h:1", .tls = net::TlsFiles{.ca = "ca", .certificate = "c", .key = "k"}});
  EXPECT_EQ(safe.base, "https://h:1");
  EXPECT_EQ(safe.tls->ca, "ca");
  EXPECT_TRUE(safe.direct);
  EXPECT_EQ(to_string(Location{.authority = "h:1"}), "tcp://h:1");
}

TEST(ContainerRuntimes, AreThoseThatDockerNamesButForItsAliases) {
  const auto info = nlohmann::json::parse(
      R"({"Runtimes":{"runsc":{"path":"runsc"},"io.containerd.runc.v2":{"path":"runc"},"runc":{"path":"runc"}}})");
  EXPECT_EQ(read_container_runtimes(info), (std::vector<std::string>{"runc", "runsc"}));
  EXPECT_TRUE(read_container_runtimes(nlohmann::json::object()).empty());
}

}  // namespace
}  // namespace hearth::docker
