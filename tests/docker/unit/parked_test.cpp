#include "engines/docker/holder_image.h"
#include "engines/docker/parked_codec.h"
#include "engines/docker/parked_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hearth::docker {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const Installation kInstallation{"0123456789abcdef", "secret"};
constexpr domain::Time kStart{1h};

ports::ReplicaSpec image_spec() {
  ports::ReplicaSpec spec;
  spec.id = 0x2a;
  spec.function = {"shop", "cart"};
  spec.image = "sha256:1234";
  spec.network.egress = true;
  return spec;
}

TEST(ParkedTarget, StandsAtItsLowerBoundUntilAStartFindsNone) {
  ParkedTarget target{2, 4};
  EXPECT_EQ(target.count(), 2u);
  target.taken(1, kStart);
  target.taken(0, kStart);
  EXPECT_EQ(target.count(), 2u);
  target.missed(kStart);
  EXPECT_EQ(target.count(), 3u);
}

TEST(ParkedTarget, NeverPassesItsUpperBound) {
  ParkedTarget target{2, 4};
  for (int i = 0; i < 10; ++i) target.missed(kStart);
  EXPECT_EQ(target.count(), 4u);
  ParkedTarget none{2, 0};
  none.missed(kStart);
  EXPECT_EQ(none.count(), 0u);
}

TEST(ParkedTarget, ShrinksByOneAPeriodInWhichOneWasNeverNeeded) {
  ParkedTarget target{1, 4};
  EXPECT_FALSE(target.next());
  target.missed(kStart);
  target.missed(kStart);
  ASSERT_EQ(target.count(), 3u);
  ASSERT_TRUE(target.next());
  auto now = kStart;
  const auto period = [&] { target.tick(now += ParkedTarget::kPeriod); };
  period();
  EXPECT_EQ(target.count(), 3u) << "in the period that it was raised in";
  target.taken(0, now + 1s);
  period();
  EXPECT_EQ(target.count(), 3u) << "all were needed at once";
  target.taken(2, now + 1s);
  period();
  EXPECT_EQ(target.count(), 2u);
  period();
  period();
  EXPECT_EQ(target.count(), 1u) << "and no lower";
  EXPECT_FALSE(target.next());
}

TEST(Parked, IsJoinedOnlyByWhatNeedsNoNetworkOfItsOwn) {
  EXPECT_EQ(joined_kind(image_spec()), NetworkKind::open);
  auto closed = image_spec();
  closed.network.egress = false;
  EXPECT_EQ(joined_kind(closed), NetworkKind::closed);
  closed.templated = true;
  EXPECT_EQ(joined_kind(closed), NetworkKind::none) << "it has no network at all";
  auto attached = image_spec();
  attached.network.attach = {"db"};
  EXPECT_EQ(joined_kind(attached), NetworkKind::none);
  auto sandboxed = image_spec();
  sandboxed.container_runtime = "runsc";
  EXPECT_EQ(joined_kind(sandboxed), NetworkKind::none);
  auto debugged = image_spec();
  debugged.debug = true;
  EXPECT_EQ(joined_kind(debugged), NetworkKind::none);
}

TEST(Parked, NetworkIsJoinedWithNothingThatDockerRefusesBesides) {
  auto spec = image_spec();
  spec.network.egress = false;
  const auto body = create_body(spec, {.installation = kInstallation, .all_networks = true, .parked = "abc"});
  EXPECT_EQ(body["HostConfig"]["NetworkMode"], "container:abc");
  EXPECT_EQ(body["HostConfig"]["Dns"], json::array());
  EXPECT_EQ(body["NetworkingConfig"]["EndpointsConfig"], json::object());
  EXPECT_EQ(body["NetworkDisabled"], false);
}

TEST(Parked, HolderIsOursHardenedAndOnTheNetworkOfItsKind) {
  for (const auto kind : {NetworkKind::open, NetworkKind::closed}) {
    const auto name = parked_name(kInstallation, 7);
    const auto body = parked_body(kInstallation, name, "holder:1", kind);
    const auto network = network_name(kInstallation, kind);
    EXPECT_TRUE(is_ours(kInstallation, name, body["Labels"].get<Labels>()));
    EXPECT_EQ(body["HostConfig"]["NetworkMode"], network);
    EXPECT_EQ(body["NetworkingConfig"]["EndpointsConfig"], json({{network, json::object()}}));
    EXPECT_EQ(body["HostConfig"]["Dns"], name_servers(kind)) << "a replica has its holder's";
    EXPECT_EQ(body["HostConfig"]["CapDrop"], json({"ALL"}));
    EXPECT_EQ(body["HostConfig"]["ReadonlyRootfs"], true);
    EXPECT_EQ(body["User"], "65534:65534");
  }
}

TEST(Parked, HolderIsAProgramThatHearthdBrings) {
  EXPECT_TRUE(
      holder_program().starts_with("\x7f"
                                   "ELF"));
}

TEST(Parked, NetworkOfAReplicaIsRemembered) {
  const Record record{.container = "c", .function = {"a", "b"}, .revision = 1, .network = "n", .parked = "p"};
  EXPECT_EQ(read_record(write_record(record)), record);
  EXPECT_EQ(read_record(R"({"container":"c"})")->parked, "") << "as a hearthd before wrote it";
}

}  // namespace
}  // namespace hearth::docker
