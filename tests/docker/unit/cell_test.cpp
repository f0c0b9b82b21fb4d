// What is said to cells and of them.
#include "engines/docker/cell_codec.h"
#include "engines/docker/cell_link.h"

#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

namespace hearth::docker {
namespace {

using namespace std::chrono_literals;
using Heard = CellLink::Heard;
using Clock = std::chrono::steady_clock;
using nlohmann::json;

const CellRecipe kRecipe{
    .runtime = "python", .image = "sha256:aa", .command = {"run", "it"}, .handler = "handler.py:handle"};

TEST(CellCodec, ARecipeComesBackAsItWasWritten) {
  EXPECT_EQ(read_recipe(write_recipe(kRecipe)), kRecipe);
  auto compiles = kRecipe;
  compiles.compilation = {.command = {"compile", "all"}, .files = ".py", .folder = "/compiled/function"};
  EXPECT_EQ(read_recipe(write_recipe(compiles)), compiles);
  for (const char* text : {"", "{", "[]", "{}", R"({"image":"sha256:aa"})", R"({"image":1,"command":["x"]})",
                           R"({"command":["x"]})", R"({"image":"sha256:aa","command":[1]})"}) {
    EXPECT_EQ(read_recipe(text), std::nullopt) << text;
  }
}

TEST(CellCodec, ACellIsHardenedAsAReplicaIsAndBoundSoThatMountsReachIt) {
  const CellKind kind{.image = "sha256:aa", .network = NetworkKind::none};
  const Surroundings around{.installation = {.id = "0123456789abcdef", .secret = "s"}, .socket_folder = "/run/x/s"};

  const json body = cell_body(0xce11, kind, {"run", "it"}, 1234, {.package = "/run/x/cells/1"}, around);

  EXPECT_EQ(body["User"], "1234:1234");
  EXPECT_EQ(body["Entrypoint"], json({"run", "it"}));
  EXPECT_EQ(body["HostConfig"]["CapDrop"], json({"ALL"}));
  EXPECT_EQ(body["HostConfig"]["ReadonlyRootfs"], true);
  EXPECT_EQ(body["HostConfig"]["NetworkMode"], "none");
  EXPECT_FALSE(body["Labels"].contains("dev.hearth.function"));
  const json& package = body["HostConfig"]["Mounts"].back();
  EXPECT_EQ(package["Target"], "/function");
  EXPECT_EQ(package["BindOptions"]["Propagation"], "rslave");
  EXPECT_EQ(package["ReadOnly"], true);
}

TEST(CellCodec, ACellWithoutAFolderHasMemoryOfItsOwnForItsPackage) {
  const json body = cell_body(0xce11, {.image = "sha256:aa", .network = NetworkKind::none}, {"run"}, 1234, {}, {});

  EXPECT_EQ(body["HostConfig"]["Tmpfs"]["/function"], "rw,exec,nosuid,nodev,mode=0755,uid=1234,gid=1234,size=67108864");
  EXPECT_EQ(body["HostConfig"]["Mounts"], json::array());
  EXPECT_TRUE(body["HostConfig"]["Tmpfs"].contains("/tmp"));
}

TEST(CellCodec, EachHasAUserOfItsOwnAboveThoseThatAccountsHave) {
  EXPECT_NE(user_of_cell(1), user_of_cell(2));
  EXPECT_GE(user_of_cell(0), 1u << 30);
  EXPECT_LT(user_of_cell(~std::uint64_t{0}), 1u << 31);
}

TEST(CellCodec, TheHandoverHasAllThatTheImagesStartHas) {
  ports::ReplicaSpec spec = spec_of_cell(5, {.image = "sha256:aa", .network = NetworkKind::open});
  spec.function.name = "one";
  spec.env = {{"GREETING", "hé\n\"x\""}, {"HEARTH_REPLICA", "forged"}};

  const auto line = handover_line(spec, kRecipe);

  ASSERT_EQ(line.find('\n'), line.size() - 1) << "it is one line";
  const json said = json::parse(line);
  EXPECT_EQ(said["env"]["GREETING"], "hé\n\"x\"");
  EXPECT_EQ(said["env"]["HEARTH_REPLICA"], domain::format_replica(5));
  EXPECT_EQ(said["env"]["HEARTH_HANDLER"], "handler.py:handle");
  EXPECT_EQ(said["handler"], "handler.py:handle");
  EXPECT_EQ(said["folder"], "/function");
  EXPECT_FALSE(said.contains("package"));
  EXPECT_EQ(json::parse(handover_line(spec, kRecipe, 512))["package"], 512);
  spec.handler = "other.py:go";
  EXPECT_EQ(json::parse(handover_line(spec, kRecipe))["handler"], "other.py:go");
}

class Link : public testing::Test {
 protected:
  void SetUp() override { connect(); }
  void TearDown() override { hang_up(); }
  void connect() {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    ASSERT_EQ(::fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
  }
  void hang_up() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  CellLink link() { return CellLink{ports::Descriptor{std::exchange(ends_[0], -1)}}; }
  void say(std::string_view text) { ASSERT_EQ(::write(ends_[1], text.data(), text.size()), ssize_t(text.size())); }

  int ends_[2] = {-1, -1};
};

TEST_F(Link, IsReadyOnceTheCellSaysSo) {
  auto cell = link();
  EXPECT_TRUE(cell.quiet());
  say("{\"ready\": true}\n");
  EXPECT_EQ(cell.hand_over("line\n", {}, Clock::now() + 5s, {}), Heard::ready);
}

// A file of so many bytes as a package.
Parcel parcel(const tests::TemporaryFolder& folder, std::size_t size) {
  const auto path = folder.path() / "package";
  std::ofstream{path} << std::string(size, 'p');
  return {.file = ports::Descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)}, .size = size};
}

TEST_F(Link, SendsThePackageBehindTheLine) {
  const tests::TemporaryFolder folder;
  constexpr std::size_t kSize = 3'000'001;  // more than a socket takes at once
  auto cell = link();
  std::string taken;
  std::thread takes{[&] {
    std::array<char, 4096> piece;
    while (taken.size() < 5 + kSize) {
      const auto got = ::read(ends_[1], piece.data(), piece.size());
      if (got <= 0) break;
      taken.append(piece.data(), static_cast<std::size_t>(got));
    }
    say("{\"ready\": true}\n");
  }};
  EXPECT_EQ(cell.hand_over("line\n", parcel(folder, kSize), Clock::now() + 20s, {}), Heard::ready);
  takes.join();
  EXPECT_EQ(taken, "line\n" + std::string(kSize, 'p'));
}

TEST_F(Link, IsUnheardWhereTheCellEndsAmidThePackage) {
  ::signal(SIGPIPE, SIG_IGN);  // as in hearthd
  const tests::TemporaryFolder folder;
  auto cell = link();
  std::thread dies{[&] {
    std::array<char, 1000> piece;
    EXPECT_GT(::read(ends_[1], piece.data(), piece.size()), 0);
    hang_up();
  }};
  EXPECT_EQ(cell.hand_over("line\n", parcel(folder, 3'000'000), Clock::now() + 20s, {}), Heard::unheard);
  dies.join();
}

TEST_F(Link, GivesUpAmidAPackageThatIsNotTaken) {
  const tests::TemporaryFolder folder;
  auto cell = link();
  EXPECT_EQ(cell.hand_over("line\n", parcel(folder, 3'000'000), Clock::now() + 20ms, {}), Heard::timed_out);
}

TEST_F(Link, APackageThatWasCutOffMakesNoFunction) {
  const tests::TemporaryFolder folder;
  auto cell = link();
  auto cut = parcel(folder, 100);
  cut.size = 200;
  EXPECT_EQ(cell.hand_over("line\n", cut, Clock::now() + 20s, {}), Heard::unheard);
}

TEST_F(Link, EndsWithTheCell) {
  auto cell = link();
  std::thread dies{[&] {
    char byte = 0;
    EXPECT_EQ(::read(ends_[1], &byte, 1), 1);
    hang_up();
  }};
  EXPECT_EQ(cell.hand_over("line\n", {}, Clock::now() + 5s, {}), Heard::ended);
  dies.join();
}

TEST_F(Link, IsUnheardWhereTheCellWasGoneBefore) {
  auto cell = link();
  hang_up();
  EXPECT_FALSE(cell.quiet());
  EXPECT_EQ(cell.hand_over("line\n", {}, Clock::now() + 5s, {}), Heard::unheard);
}

TEST_F(Link, TakesNothingElseForReady) {
  for (const std::string& said :
       {std::string{"{\"ready\": false}\n"}, std::string{"hello\n"}, std::string(1000, 'x')}) {
    if (ends_[0] < 0) {
      hang_up();
      connect();
    }
    auto cell = link();
    say(said);
    EXPECT_EQ(cell.hand_over("line\n", {}, Clock::now() + 5s, {}), Heard::ended) << said.substr(0, 20);
  }
}

TEST_F(Link, GivesUpAtTheDeadlineAndAtAStop) {
  auto cell = link();
  EXPECT_EQ(cell.hand_over("line\n", {}, Clock::now() + 20ms, {}), Heard::timed_out);
  std::stop_source stop;
  std::thread stops{[&] { stop.request_stop(); }};
  EXPECT_EQ(cell.hand_over("line\n", {}, Clock::now() + 30s, stop.get_token()), Heard::cancelled);
  stops.join();
}

}  // namespace
}  // namespace hearth::docker
