#include "engines/docker/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::docker {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::Not;
using testing::StartsWith;

const Installation kInstallation{"0123456789abcdef", "secret"};

ports::ReplicaSpec spec(bool templated, bool egress) {
  ports::ReplicaSpec spec;
  spec.id = 0x2a;
  spec.function = {"shop", "cart"};
  spec.revision = 7;
  spec.image = "sha256:1234";
  spec.templated = templated;
  spec.network.egress = egress;
  return spec;
}

std::vector<std::string> environment(const json& body) { return body["Env"]; }

TEST(CreateBody, PutsAContainerWhereItsSpecSays) {
  struct Row {
    bool templated, egress, attached;
    NetworkKind kind;
  };
  for (const auto& row : {Row{true, false, false, NetworkKind::none}, Row{true, true, false, NetworkKind::open},
                          Row{true, false, true, NetworkKind::closed}, Row{false, false, false, NetworkKind::closed},
                          Row{false, true, false, NetworkKind::open}}) {
    auto asked = spec(row.templated, row.egress);
    if (row.attached) asked.network.attach = {"db"};
    const auto body = create_body(asked, {.installation = kInstallation});
    EXPECT_EQ(network_kind(asked), row.kind);
    EXPECT_EQ(body["NetworkDisabled"], row.kind == NetworkKind::none);
    const std::string mode = body["HostConfig"]["NetworkMode"];
    EXPECT_EQ(mode, row.kind == NetworkKind::none ? "none" : network_name(kInstallation, row.kind));
  }
}

TEST(CreateBody, OpensADebuggerOnlyWhereItIsAskedForAndNeverOnThisMachine) {
  auto asked = spec(true, false);
  const auto opens = Contains("HEARTH_DEBUGGER_PORT=5678");
  asked.env["HEARTH_DEBUGGER_PORT"] = "1";
  EXPECT_THAT(environment(create_body(spec(true, false), {.installation = kInstallation})), Not(opens));
  asked.debug = true;
  const auto body = create_body(asked, {.installation = kInstallation, .socket_folder = "/run/hearth/x"});
  EXPECT_THAT(environment(body), opens);
  EXPECT_THAT(environment(body), Contains("HEARTH_SOCKET=/run/hearth/fn.sock")) << "calls come as before";
  EXPECT_EQ(network_kind(asked), NetworkKind::closed) << "it has an address, and no way out";
  EXPECT_FALSE(body["HostConfig"].contains("PortBindings"));
  EXPECT_FALSE(body.contains("ExposedPorts"));
}

TEST(CreateBody, NamesAllNetworksWhereTheEngineTakesThem) {
  auto asked = spec(false, true);
  asked.network.attach = {"db", "cache"};
  const auto count = [&](bool all) {
    return create_body(asked,
                       {.installation = kInstallation, .all_networks = all})["NetworkingConfig"]["EndpointsConfig"]
        .size();
  };
  EXPECT_EQ(count(false), 1u);
  EXPECT_EQ(count(true), 3u);
}

TEST(CreateBody, LetsNoUserOverrideWhatIsOurs) {
  auto asked = spec(true, false);
  asked.env = {{"HEARTH_REPLICA", "x"}, {"HEARTH_SOCKET", "/tmp/x"}, {"LEVEL", "a=b"}};
  const auto env = environment(create_body(asked, {.installation = kInstallation}));
  EXPECT_THAT(env, Contains("HEARTH_REPLICA=000000000000002a"));
  EXPECT_THAT(env, Contains("HEARTH_SOCKET=/run/hearth/fn.sock"));
  EXPECT_THAT(env, Contains("HEARTH_FUNCTION=cart"));
  EXPECT_THAT(env, Contains("HEARTH_NAMESPACE=shop"));
  EXPECT_THAT(env, Contains("HEARTH_REVISION=7"));
  EXPECT_THAT(env, Contains("HEARTH_CONCURRENCY=16"));
  EXPECT_THAT(env, Contains("HEARTH_TIMEOUT_MS=30000"));
  EXPECT_THAT(env, Contains("LEVEL=a=b"));
  EXPECT_THAT(env, Not(Contains(StartsWith("PORT="))));
}

TEST(CreateBody, GivesImagesAPortAndNoSocket) {
  auto asked = spec(false, true);
  asked.env = {{"PORT", "1"}, {"HEARTH_SOCKET", "/tmp/x"}};
  const auto body = create_body(asked, {.installation = kInstallation});
  EXPECT_THAT(environment(body), Contains("PORT=8080"));
  EXPECT_THAT(environment(body), Not(Contains(StartsWith("HEARTH_SOCKET="))));
  EXPECT_TRUE(body["HostConfig"]["Mounts"].empty());
}

TEST(CreateBody, CallsWhatAnotherRuntimeRunsOverItsNetwork) {
  auto asked = spec(true, false);
  EXPECT_EQ(create_body(asked, {.installation = kInstallation})["HostConfig"]["Runtime"], "");
  asked.container_runtime = "runsc";
  asked.handler = "handler.py:handle";
  const auto body = create_body(asked, {.installation = kInstallation});
  EXPECT_EQ(body["HostConfig"]["Runtime"], "runsc");
  EXPECT_EQ(network_kind(asked), NetworkKind::closed);
  EXPECT_THAT(environment(body), Contains("PORT=8080"));
  EXPECT_THAT(environment(body), Contains("HEARTH_HANDLER=handler.py:handle"));
  EXPECT_THAT(environment(body), Not(Contains(StartsWith("HEARTH_SOCKET="))));
}

TEST(CreateBody, IsHardened) {
  const auto body = create_body(spec(true, false), {.installation = kInstallation, .socket_folder = "/run/hearth/x"});
  const auto& host = body["HostConfig"];
  EXPECT_EQ(body["User"], "65534:65534");
  EXPECT_EQ(body["Healthcheck"]["Test"], json({"NONE"}));
  EXPECT_EQ(body["StopSignal"], "SIGTERM");
  EXPECT_EQ(host["CapDrop"], json({"ALL"}));
  EXPECT_EQ(host["SecurityOpt"], json({"no-new-privileges"}));
  EXPECT_EQ(host["ReadonlyRootfs"], true);
  EXPECT_EQ(host["Privileged"], false);
  EXPECT_EQ(host["IpcMode"], "private");
  EXPECT_EQ(host["RestartPolicy"]["Name"], "no");
  EXPECT_EQ(host["AutoRemove"], false);
  EXPECT_EQ(host["Memory"], host["MemorySwap"]);
  EXPECT_EQ(host["LogConfig"]["Type"], "local");
  EXPECT_EQ(host["LogConfig"]["Config"]["max-size"], "8388608");
  EXPECT_EQ(host["Ulimits"], json::parse(R"([{"Name":"nofile","Soft":16384,"Hard":16384},
                                             {"Name":"core","Soft":0,"Hard":0}])"));
  EXPECT_EQ(host["Mounts"].size(), 1u);
  for (const auto* absent : {"Binds", "Devices", "CapAdd", "PortBindings", "VolumesFrom"})
    EXPECT_FALSE(host.contains(absent));
}

TEST(CreateBody, PutsMemoryInPlaceOfAnImagesVolumes) {
  const auto body = create_body(
      spec(true, false), {.installation = kInstallation, .volumes = {"/data/", "/a/../b", "/run/hearth", "/tmp"}});
  const json tmpfs = body["HostConfig"]["Tmpfs"];
  EXPECT_EQ(tmpfs.size(), 3u) << tmpfs.dump();
  for (const auto* path : {"/tmp", "/data", "/b"}) {
    EXPECT_EQ(tmpfs[path], "rw,nosuid,nodev,mode=1777,size=67108864") << path;
  }
}

TEST(CreateBody, AsksForNoMoreProcessorsThanThereAre) {
  for (const auto& [asked, cpus, given] :
       {std::tuple{500u, 2u, 500'000'000}, {4000u, 2u, 2'000'000'000}, {1u, 2u, 10'000'000}}) {
    auto one = spec(true, false);
    one.limits.cpu_millis = asked;
    EXPECT_EQ(create_body(one, {.installation = kInstallation, .cpus = cpus})["HostConfig"]["NanoCpus"], given);
  }
}

TEST(Names, BearTheInstallation) {
  EXPECT_EQ(container_name(kInstallation, spec(true, true)), "hearth-01234567-cart-000000000000002a");
  EXPECT_EQ(network_name(kInstallation, NetworkKind::open), "hearth-0123456789abcdef");
  for (const auto kind : {NetworkKind::open, NetworkKind::closed})
    EXPECT_LE(bridge_name(kInstallation, kind).size(), 15u);
}

TEST(Proof, HoldsOnlyForItsNameInstallationAndSecret) {
  const auto labels = proof(kInstallation, "name");
  EXPECT_TRUE(is_ours(kInstallation, "name", labels));
  EXPECT_FALSE(is_ours(kInstallation, "other", labels));
  EXPECT_FALSE(is_ours({"0123456789abcdef", "guess"}, "name", labels));
  EXPECT_FALSE(is_ours({"another", "secret"}, "name", labels));
  EXPECT_FALSE(is_ours(kInstallation, "name", {{kInstallationLabel, kInstallation.id}}));
  EXPECT_FALSE(is_ours(kInstallation, "name", {{kInstallationLabel, kInstallation.id}, {kMarkLabel, ""}}));
}

TEST(ReadContainer, TakesWhatMatters) {
  const auto read = read_container(json::parse(R"({"Id":"abc","Name":"/n","State":{"Running":true,"Paused":true,"Pid":7,
    "ExitCode":3,"OOMKilled":true},"Config":{"Labels":{"a":"b"}},"NetworkSettings":{"Networks":{"x":{"IPAddress":"10.0.0.2"},
    "y":{"IPAddress":""}}}})"));
  EXPECT_EQ(read.id, "abc");
  EXPECT_EQ(read.name, "n");
  EXPECT_TRUE(read.running && read.paused);
  EXPECT_EQ(read.pid, 7);
  EXPECT_EQ(read.exit.code, 3);
  EXPECT_TRUE(read.exit.out_of_memory);
  EXPECT_EQ(read.labels, (Labels{{"a", "b"}}));
  EXPECT_EQ(read.addresses, (std::map<std::string, std::string>{{"x", "10.0.0.2"}}));
}

TEST(ReadContainer, BearsDockersNulls) {
  const auto read =
      read_container(json::parse(R"({"Id":"abc","Config":{"Labels":null},"NetworkSettings":{"Networks":null}})"));
  EXPECT_FALSE(read.running);
  EXPECT_TRUE(read.labels.empty());
  EXPECT_TRUE(read_volumes(json::parse(R"({"Config":{"Volumes":null}})")).empty());
  EXPECT_TRUE(read_volumes(json::parse(R"({"Config":null})")).empty());
  EXPECT_EQ(read_volumes(json::parse(R"({"Config":{"Volumes":{"/data":{}}}})")), std::vector<std::string>{"/data"});
}

TEST(ReadEvent, TellsEndsAndMemoryFromTheRest) {
  const auto died = read_event(
      R"({"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":{"exitCode":"137"}},"timeNano":12})");
  ASSERT_TRUE(died);
  EXPECT_EQ(died->kind, ContainerEvent::Kind::died);
  EXPECT_EQ(died->id, "abc");
  EXPECT_EQ(died->exit_code, 137);
  EXPECT_EQ(died->time_nanos, 12);
  EXPECT_EQ(read_event(R"({"Action":"oom","Actor":{"ID":"abc"}})")->kind, ContainerEvent::Kind::out_of_memory);
  EXPECT_EQ(read_event(R"({"Action":"start"})")->kind, ContainerEvent::Kind::other);
  EXPECT_FALSE(read_event("half a li"));
}

TEST(Record, ComesBackAsItWasWritten) {
  const Record record{
      .container = "abc", .function = {"shop", "cart"}, .revision = 7, .templated = true, .network = "n"};
  EXPECT_EQ(read_record(write_record(record)), record);
  for (const auto* broken : {"", "{}", "[]", "{\"container\":\"\"}", "{\"contai"})
    EXPECT_FALSE(read_record(broken)) << broken;
}

TEST(Codec, TakesAnswersOfAnyShape) {
  const auto odd = json::parse(R"({"Id": 5, "State": [], "Config": {"Labels": {"a": 1}},
                                   "NetworkSettings": {"Networks": {"x": null}}})");
  EXPECT_EQ(read_container(odd).id, "");
  EXPECT_TRUE(read_container(odd).addresses.empty());
  EXPECT_TRUE(read_event(R"({"Action": 5, "Actor": {"ID": [], "Attributes": {"exitCode": 137}}})"));
  EXPECT_EQ(read_event(R"({"timeNano": 1e300})")->time_nanos, 0);
  EXPECT_EQ(read_record(R"({"container": 7})"), std::nullopt);
  // Taken for an empty one, it would mean that no replica lives.
  EXPECT_THROW(read_list(json::object()), domain::Error);
}

}  // namespace
}  // namespace hearth::docker
